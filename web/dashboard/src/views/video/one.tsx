/** One video: its figures, how far it is watched, by whom, and how well it plays. */
import { useState } from "preact/hooks";
import { linkTo } from "../../address";
import type { ViewProps } from "../../app";
import { path } from "../../calls";
import { Chart } from "../../chart";
import { buckets, count, country, duration, exact, percent, rate } from "../../format";
import type { Figure } from "../../parts";
import { Tabs } from "../../parts";
import { RangeBar, asked, with_ } from "../../range";
import { List, Numbers, Report } from "../../report";
import { Quality } from "./quality";

export interface VideoRow {
  video_id: string;
  views: number;
  unique_viewers: number;
  watch_time_seconds: number;
  avg_watch_percentage: number;
  completion_rate: number;
  engagement_score: number;
  qualified_views: number;
}

interface VideoMetrics extends VideoRow {
  startup_time_seconds: number;
  rebuffer_ratio: number;
  error_rate: number;
  exits_before_start: number;
}

export interface OfVideo {
  id: string;
  query: URLSearchParams;
}

export function OneVideo({ address, site }: ViewProps) {
  const id = encodeURIComponent(address.item);
  const query = with_(asked(address, false), { website_id: site.site_id });
  return (
    <>
      <p class="back">
        <a href={linkTo(address, "videos")}>All videos</a>
      </p>
      <h1>{address.item}</h1>
      <RangeBar from={address} />
      <Numbers<VideoMetrics> title="Figures" wide where={path(`/api/metrics/video/${id}`, query)} csv={`video-${address.item}`} of={figures} isEmpty={(one) => one.views === 0} empty="Nobody played this video in this range. Take a longer one, or look whether its id is right." />
      <Retention id={id} query={query} />
      <Days id={id} query={query} />
      <div class="grid">
        <Breakdown id={id} query={query} />
        <Quality id={id} query={query} />
      </div>
    </>
  );
}

const figures = (one: VideoMetrics): Figure[] => [
  { label: "Views", value: count(one.views) },
  { label: "Qualified views", value: count(one.qualified_views), about: "30 s watched, or half of a short video" },
  { label: "Viewers", value: count(one.unique_viewers) },
  { label: "Watch time", value: duration(one.watch_time_seconds) },
  { label: "Watched on average", value: percent(one.avg_watch_percentage) },
  { label: "Completed", value: rate(one.completion_rate) },
  { label: "Engagement (0 to 10)", value: exact(one.engagement_score) },
  { label: "Startup time", value: duration(one.startup_time_seconds), about: "Median" },
  { label: "Rebuffering", value: rate(one.rebuffer_ratio) },
  { label: "Error rate", value: rate(one.error_rate) },
  { label: "Exits before start", value: count(one.exits_before_start) },
];

function Retention({ id, query }: OfVideo) {
  return (
    <Report<{ points: { percent: number; audience: number; watches_per_view: number }[] }>
      title="Audience retention"
      wide
      tall
      where={path(`/api/metrics/video/${id}/retention`, query)}
      csv="retention"
      isEmpty={(one) => one.points.every((point) => point.watches_per_view === 0)}
      empty="Nobody watched a part of known length in this range. Live streams have no curve."
    >
      {({ points }) => (
        <Chart
          title="Audience retention"
          unit="Part of the video"
          points={points.map((point) => `${point.percent} %`)}
          series={[
            { label: "Audience", values: points.map((point) => point.audience), format: rate },
            { label: "Watches per view", values: points.map((point) => point.watches_per_view), format: exact },
          ]}
        />
      )}
    </Report>
  );
}

function Days({ id, query }: OfVideo) {
  return (
    <Report<{ results: { bucket: string; views: number; unique_viewers: number }[] }>
      title="Views over time"
      wide
      tall
      where={path(`/api/metrics/video/${id}/timeseries`, query)}
      csv="video-timeseries"
      isEmpty={(one) => one.results.every((day) => day.views === 0)}
      empty="No views in this range."
    >
      {({ results }) => (
        <Chart
          title="Views and viewers"
          unit="Day"
          height={180}
          points={buckets(results.map((day) => day.bucket))}
          series={[
            { label: "Views", values: results.map((day) => day.views), format: count },
            { label: "Viewers", values: results.map((day) => day.unique_viewers), format: count },
          ]}
        />
      )}
    </Report>
  );
}

interface Part {
  name: string | null;
  views: number;
  watch_time_seconds: number;
  error_rate: number;
}

const BY: [string, string][] = [["country", "Country"], ["device", "Device"], ["browser", "Browser"]];

function Breakdown({ id, query }: OfVideo) {
  const [by, setBy] = useState("country");
  return (
    <List<Part>
      title="Who watches"
      label={`Views by ${by}`}
      where={path(`/api/metrics/video/${id}/breakdown`, with_(query, { by, limit: "20" }))}
      csv={`breakdown-${by}`}
      head={<Tabs label="By what" of={BY} chosen={by} choose={setBy} />}
      empty="No views in this range."
      name={(row) => row.name ?? ""}
      columns={[
        {
          title: BY.find(([name]) => name === by)?.[1] ?? by,
          main: true,
          bar: (row) => row.views,
          cell: (row) => (by === "country" ? country(row.name ?? "") : row.name) || "(unknown)",
        },
        { title: "Views", number: true, main: true, cell: (row) => count(row.views) },
        { title: "Watch time", number: true, main: true, cell: (row) => duration(row.watch_time_seconds) },
        { title: "Errors", number: true, cell: (row) => rate(row.error_rate) },
      ]}
    />
  );
}
