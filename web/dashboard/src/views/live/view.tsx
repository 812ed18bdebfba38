/** What goes on right now: pushed over the live connection, and asked for every two seconds besides. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../../app";
import { useApi } from "../../asking";
import { path } from "../../calls";
import { Chart } from "../../chart";
import { count, timeNow } from "../../format";
import { Card, Figures, Joined, Shown } from "../../parts";
import { Table } from "../../table";
import { ActiveSessions } from "../media/sessions";
import type { RealtimeMetrics, WebsiteRealtime } from "./figures";
import { viewerFigures, visitorFigures } from "./figures";
import { Peaks } from "./peaks";
import type { Message } from "./socket";
import { useSocket } from "./socket";

const POLL = 2000;
const SAMPLES = 150;
const KEPT_EVENTS = 30;

interface Line {
  number: number;
  at: string;
  words: string[];
}

export function LiveView({ address, site }: ViewProps) {
  const [pushed, setPushed] = useState<RealtimeMetrics | null>(null);
  const [lines, setLines] = useState<Line[]>([]);
  const numbers = useRef(0);
  const id = encodeURIComponent(site.site_id);
  const viewers = useApi<RealtimeMetrics>(path("/api/metrics/realtime", { website_id: site.site_id }), POLL);
  const visitors = useApi<WebsiteRealtime>(`/api/v1/analytics/realtime/${id}`, POLL);
  const connected = useSocket(site.site_id, (message) => {
    if (message.type === "realtime_metrics") {
      setPushed(message.payload as RealtimeMetrics);
      return;
    }
    const line = { number: numbers.current++, at: timeNow(), words: told(message) };
    setLines((before) => [line, ...before].slice(0, KEPT_EVENTS));
  });
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
      <div class="grid">
        <Card title="Website">
          <Shown of={visitors}>{(now) => <Figures of={visitorFigures(now)} />}</Shown>
        </Card>
        <Card title="Video">
          <Shown of={viewers}>{(polled) => <Figures of={viewerFigures(video ?? polled)} />}</Shown>
        </Card>
      </div>
      <Card title="The last minutes" wide>
        <Chart
          title="Visitors and viewers"
          unit="Time"
          height={180}
          points={samples.map((one) => one.at)}
          series={[
            { label: "Visitors, 5 min", values: samples.map((one) => one.visitors), format: count },
            { label: "Watching", values: samples.map((one) => one.watching), format: count },
          ]}
        />
      </Card>
      <div class="grid">
        <Card title="As it happens">
          {lines.length === 0 ? (
            <p class="note">{connected ? "Nothing yet." : "Not connected: single events are not told."}</p>
          ) : (
            <ol class="feed" tabIndex={0} aria-label="The latest events">
              {lines.map((one) => (
                <li key={one.number}>
                  <time>{one.at}</time> <Joined of={one.words} by=" · " />
                </li>
              ))}
            </ol>
          )}
        </Card>
        <Card title="Pages right now">
          <Shown of={visitors} isEmpty={(web) => web.pages.length === 0} empty="No page was viewed in the last five minutes.">
            {(web) => (
              <Table
                label="Pages right now"
                rows={web.pages}
                name={(row) => row.name}
                columns={[
                  { title: "Page", main: true, bar: (row) => row.visitors, cell: (row) => row.name },
                  { title: "Visitors", number: true, main: true, cell: (row) => count(row.visitors) },
                ]}
              />
            )}
          </Shown>
        </Card>
      </div>
      <ActiveSessions address={address} site={site} wide />
      <Peaks site={site.site_id} />
    </>
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
    const one = { at: timeNow(), visitors: visitors.visitors_5m, watching: video.concurrent_viewers };
    setSamples((before) => (before.at(-1)?.at === one.at ? [...before.slice(0, -1), one] : [...before, one].slice(-SAMPLES)));
  }, [visitors, video]);
  return samples;
}

function told(message: Message): string[] {
  const payload = (message.payload ?? {}) as Record<string, unknown>;
  const words = ["event_type", "alert_type", "severity", "user_id", "video_id", "content_id", "title", "url", "page", "detail"].map((name) => payload[name]).filter((value): value is string => typeof value === "string" && value !== "");
  // An event says by its own type what it is.
  return message.type === "analytics_event" ? words : [message.type.replace(/_/g, " "), ...words];
}
