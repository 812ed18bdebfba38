/** The figures of this moment. */
import { count, exact, rate } from "../../format";
import type { Figure } from "../../parts";

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

export const visitorFigures = (now: WebsiteRealtime): Figure[] => [
  { label: "Visitors, 5 min", value: count(now.visitors_5m) },
  { label: "Visitors, 1 min", value: count(now.visitors_1m) },
  { label: "Page views, 5 min", value: count(now.pageviews_5m) },
];

export const viewerFigures = (now: RealtimeMetrics): Figure[] => [
  { label: "Watching", value: count(now.concurrent_viewers) },
  { label: "Videos playing", value: count(now.active_streams) },
  { label: "Bandwidth (Gbit/s)", value: now.bandwidth_gbps.toFixed(4).replace(/\.?0+$/, "") },
  { label: "Events per second", value: exact(now.events_per_second) },
  { label: "Error rate", value: rate(now.error_rate) },
];
