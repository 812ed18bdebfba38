/** What goes on right now: pushed over the WebSocket where it answers, else asked for every two seconds. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../app";
import { useApi } from "../asking";
import { call, path } from "../calls";
import { Chart } from "../chart";
import { bucket, count, exact, rate } from "../format";
import { Bar, Card, Csv, Figures, Shown, Table } from "../parts";
import { ActiveSessions } from "./media";

export interface RealtimeMetrics {
  concurrent_viewers: number;
  active_streams: number;
  bandwidth_gbps: number;
  events_per_second: number;
  error_rate: number;
}

export interface WebsiteRealtime {
  visitors_5m: number;
  visitors_1m: number;
  pageviews_5m: number;
  pages: { name: string; visitors: number }[];
}

interface Message {
  type: string;
  payload: unknown;
}

const POLL = 2000;
const SAMPLES = 150;
const KEPT_EVENTS = 30;
const TYPES = ["realtime_metrics", "analytics_event", "session_started", "session_ended", "sharing_alert"];
const LONGEST_PAUSE = 60_000;

/** Hear messages of a site; `connected` is false while the socket is away, and the caller polls. */
function useSocket(site: string, hear: (message: Message) => void): boolean {
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
    return () => {
      over = true;
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

export function LiveView({ address, site }: ViewProps) {
  const [pushed, setPushed] = useState<RealtimeMetrics | null>(null);
  const [events, setEvents] = useState<{ number: number; at: string; text: string }[]>([]);
  const numbers = useRef(0);
  const connected = useSocket(site.site_id, (message) => {
    if (message.type === "realtime_metrics") setPushed(message.payload as RealtimeMetrics);
    else {
      const line = { number: numbers.current++, at: new Date().toLocaleTimeString("en-GB"), text: told(message) };
      setEvents((before) => [line, ...before].slice(0, KEPT_EVENTS));
    }
  });
  const viewers = useApi<RealtimeMetrics>(path("/api/metrics/realtime", { website_id: site.site_id }), POLL);
  const visitors = useApi<WebsiteRealtime>(`/api/v1/analytics/realtime/${encodeURIComponent(site.site_id)}`, POLL);
  useEffect(() => {
    // A poll is as new as a push, and it falls when a playback goes quiet, of which no event tells.
    if (viewers.data) setPushed(null);
  }, [viewers.data]);
  const video = pushed ?? viewers.data;
  const samples = useSamples(visitors.data, video);
  return (
    <>
      <h1>Live</h1>
      <p class="hint" role="status">
        <span class={connected ? "dot on" : "dot"} aria-hidden="true" /> {connected ? "Connected: figures come as events happen." : "Asked for every two seconds."}
      </p>
      <Card title="Website" wide>
        <Shown of={visitors}>
          {(web) => (
            <Figures
              of={[
                { label: "Visitors, 5 min", value: count(web.visitors_5m) },
                { label: "Visitors, 1 min", value: count(web.visitors_1m) },
                { label: "Page views, 5 min", value: count(web.pageviews_5m) },
              ]}
            />
          )}
        </Shown>
      </Card>
      <Card title="Video" wide>
        <Shown of={viewers}>
          {(polled) => {
            const now = video ?? polled;
            return (
              <Figures
                of={[
                  { label: "Watching", value: count(now.concurrent_viewers) },
                  { label: "Videos playing", value: count(now.active_streams) },
                  { label: "Bandwidth (Gbit/s)", value: now.bandwidth_gbps.toFixed(4).replace(/\.?0+$/, "") },
                  { label: "Events per second", value: exact(now.events_per_second) },
                  { label: "Error rate", value: rate(now.error_rate) },
                ]}
              />
            );
          }}
        </Shown>
        <Chart
          title="The last minutes"
          unit="Time"
          height={180}
          points={samples.map((one) => one.at)}
          series={[
            { label: "Visitors, 5 min", values: samples.map((one) => one.visitors), format: count },
            { label: "Watching", values: samples.map((one) => one.watching), format: count },
          ]}
        />
      </Card>
      <Peaks site={site.site_id} />
      <div class="grid">
        <Card title="Pages right now">
          <Shown of={visitors} isEmpty={(web) => web.pages.length === 0} empty="Nobody is on the site at the moment.">
            {(web) => (
              <Table
                label="Pages right now"
                rows={web.pages}
                name={(row) => row.name}
                columns={[
                  { title: "Page", main: true, cell: (row) => <Bar share={row.visitors / (web.pages[0]?.visitors || 1)}>{row.name}</Bar> },
                  { title: "Visitors", number: true, main: true, cell: (row) => count(row.visitors) },
                ]}
              />
            )}
          </Shown>
        </Card>
        <Card title="Who watches now">
          <ActiveSessions address={address} site={site} />
        </Card>
        {connected && (
          <Card title="As it happens">
            {events.length === 0 ? (
              <p class="note">Nothing yet.</p>
            ) : (
              <ol class="feed">
                {events.map((one) => (
                  <li key={one.number}>
                    <time>{one.at}</time> {one.text}
                  </li>
                ))}
              </ol>
            )}
          </Card>
        )}
      </div>
    </>
  );
}

interface Peak {
  date: string;
  concurrent_viewers: number;
}

function Peaks({ site }: { site: string }) {
  const where = path("/api/metrics/realtime/peaks", { website_id: site, period: "30d" });
  const peaks = useApi<{ results: Peak[] }>(where);
  return (
    <Card title="Most viewers at once, per day" wide actions={<Csv where={where} name="peaks" />}>
      <Shown of={peaks} isEmpty={(one) => one.results.every((day) => day.concurrent_viewers === 0)} empty="Nobody watched in the last 30 days.">
        {(one) => (
          <Chart
            title="Most viewers at once"
            unit="Day"
            height={160}
            points={one.results.map((day) => bucket(day.date))}
            series={[{ label: "Viewers", values: one.results.map((day) => day.concurrent_viewers), format: count }]}
          />
        )}
      </Shown>
    </Card>
  );
}

interface Sample {
  at: string;
  visitors: number;
  watching: number;
}

function useSamples(visitors: WebsiteRealtime | null, video: RealtimeMetrics | null): Sample[] {
  const [samples, setSamples] = useState<Sample[]>([]);
  useEffect(() => {
    if (!visitors || !video) return;
    const one = { at: new Date().toLocaleTimeString("en-GB"), visitors: visitors.visitors_5m, watching: video.concurrent_viewers };
    setSamples((before) => (before.at(-1)?.at === one.at ? [...before.slice(0, -1), one] : [...before, one].slice(-SAMPLES)));
  }, [visitors, video]);
  return samples;
}

function told(message: Message): string {
  const payload = (message.payload ?? {}) as Record<string, unknown>;
  const words = ["event_type", "alert_type", "severity", "user_id", "video_id", "content_id", "title", "url", "page"].map((name) => payload[name]).filter((value) => typeof value === "string" && value);
  return `${message.type.replace(/_/g, " ")}${words.length ? `: ${words.join(" · ")}` : ""}`;
}
