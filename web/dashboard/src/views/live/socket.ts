/** The live connection of a site: opened with a ticket, opened again when it breaks; what stands comes anew at once. */
import { useEffect, useRef, useState } from "preact/hooks";
import { call, path } from "../../calls";

export interface Message {
  type: string;
  payload: unknown;
}

const TYPES = ["realtime_metrics", "analytics_event", "session_started", "session_ended", "sharing_alert"];
const LONGEST_PAUSE = 60_000;
/** A connection on which nothing is said for ten minutes is closed by API Gateway. */
const PING_EVERY = 300_000;

/** Hear messages of a site; `connected` is false while the socket is away, and the caller polls. */
export function useSocket(site: string, hear: (message: Message) => void): boolean {
  const [connected, setConnected] = useState(false);
  const heard = useRef(hear);
  heard.current = hear;
  useEffect(() => {
    let socket: WebSocket | null = null;
    let timer = 0;
    let pause = 2000;
    let over = false;
    const later = () => {
      setConnected(false);
      if (over) return;
      timer = setTimeout(open, pause);
      pause = Math.min(LONGEST_PAUSE, pause * 2);
    };
    const open = async () => {
      try {
        const { ticket } = await call<{ ticket: string }>(path("/api/v1/live/tickets", { website_id: site }), { method: "POST" });
        if (over) return;
        socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws?ticket=${encodeURIComponent(ticket)}`);
        socket.onopen = () => {
          pause = 2000;
          setConnected(true);
          socket?.send(JSON.stringify({ action: "subscribe", types: TYPES, website_id: site }));
        };
        socket.onmessage = (event) => {
          const message = read(String(event.data));
          if (message) heard.current(message);
        };
        socket.onclose = later;
      } catch {
        later();
      }
    };
    void open();
    const pings = setInterval(() => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify({ action: "ping" })), PING_EVERY);
    return () => {
      over = true;
      clearInterval(pings);
      clearTimeout(timer);
      socket?.close();
    };
  }, [site]);
  return connected;
}

function read(text: string): Message | null {
  try {
    const message = JSON.parse(text) as Partial<Message> | null;
    return typeof message?.type === "string" ? { type: message.type, payload: message.payload } : null;
  } catch {
    return null;
  }
}
