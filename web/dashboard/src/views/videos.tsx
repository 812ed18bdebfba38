/** Videos: all of them, and one with its retention curve and quality. */
import { useState } from "preact/hooks";
import { linkTo } from "../address";
import type { ViewProps } from "../app";
import { useApi } from "../asking";
import { path } from "../calls";
import { Chart } from "../chart";
import { bucket, count, country, duration, exact, percent, rate } from "../format";
import { Bar, Card, Csv, Figures, Shown, Table, Tabs } from "../parts";
import { RangeBar, asked, with_ } from "../range";

export interface VideoMetrics {
  video_id: string;
  views: number;
  unique_viewers: number;
  watch_time_seconds: number;
  avg_watch_percentage: number;
  completion_rate: number;
  engagement_score: number;
  qualified_views: number;
  startup_time_seconds: number;
  rebuffer_ratio: number;
  error_rate: number;
  exits_before_start: number;
}

export function VideosView(properties: ViewProps) {
  return properties.address.item ? <OneVideo {...properties} /> : <AllVideos {...properties} />;
}

function AllVideos({ address, site }: ViewProps) {
  const query = asked(address, false);
  return (
    <>
      <h1>Videos</h1>
      <RangeBar from={address} />
      <Card title="Videos" wide actions={<Csv where={videosAt(site.site_id, with_(query, { limit: "1000" }))} name="videos" />}>
        <VideoTable address={address} site={site} query={with_(query, { limit: "100" })} all />
      </Card>
    </>
  );
}

function videosAt(site: string, query: URLSearchParams): string {
  return path("/api/metrics/videos", with_(query, { website_id: site }));
}

export function VideoTable({ address, site, query, all = false }: ViewProps & { query: URLSearchParams; all?: boolean }) {
  const videos = useApi<{ results: VideoMetrics[] }>(videosAt(site.site_id, query));
  return (
    <Shown of={videos} isEmpty={(one) => one.results.length === 0} empty="No video was played in this range. Send the nine video events to POST /api/events.">
      {(one) => {
        const most = Math.max(1, ...one.results.map((row) => row.views));
        return (
          <Table
            label="Videos"
            rows={one.results}
            name={(row) => row.video_id}
            columns={[
              {
                title: "Video",
                main: true,
                cell: (row) => (
                  <Bar share={row.views / most}>
                    <a href={linkTo(address, "videos", row.video_id)}>{row.video_id}</a>
                  </Bar>
                ),
              },
              { title: "Views", number: true, main: true, cell: (row) => count(row.views) },
              { title: "Viewers", number: true, cell: (row) => count(row.unique_viewers) },
              { title: "Watch time", number: true, main: true, cell: (row) => duration(row.watch_time_seconds) },
              ...(all
                ? [
                    { title: "Watched", number: true, cell: (row: VideoMetrics) => percent(row.avg_watch_percentage) },
                    { title: "Completed", number: true, cell: (row: VideoMetrics) => rate(row.completion_rate) },
                    { title: "Errors", number: true, cell: (row: VideoMetrics) => rate(row.error_rate) },
                    { title: "Score", number: true, cell: (row: VideoMetrics) => exact(row.engagement_score) },
                  ]
                : []),
            ]}
          />
        );
      }}
    </Shown>
  );
}

function OneVideo({ address, site }: ViewProps) {
  const id = encodeURIComponent(address.item);
  const query = with_(asked(address, false), { website_id: site.site_id });
  const where = path(`/api/metrics/video/${id}`, query);
  const video = useApi<VideoMetrics>(where);
  return (
    <>
      <p class="back">
        <a href={linkTo(address, "videos")}>All videos</a>
      </p>
      <h1>{address.item}</h1>
      <RangeBar from={address} />
      <Card title="Figures" wide actions={<Csv where={where} name={`video-${address.item}`} />}>
        <Shown of={video}>
          {(one) => (
            <Figures
              of={[
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
              ]}
            />
          )}
        </Shown>
      </Card>
      <Days id={id} query={query} />
      <Retention id={id} query={query} />
      <div class="grid">
        <Breakdown id={id} query={query} />
        <Quality id={id} query={query} />
      </div>
    </>
  );
}

interface PartProps {
  id: string;
  query: URLSearchParams;
}

function Retention({ id, query }: PartProps) {
  const where = path(`/api/metrics/video/${id}/retention`, query);
  const retention = useApi<{ points: { percent: number; audience: number; watches_per_view: number }[] }>(where);
  return (
    <Card title="Audience retention" wide actions={<Csv where={where} name="retention" />}>
      <Shown
        of={retention}
        isEmpty={(one) => one.points.every((point) => point.watches_per_view === 0)}
        empty="Nobody watched a part of known length in this range. Live streams have no curve."
      >
        {(one) => (
          <Chart
            title="Audience retention"
            unit="Part of the video"
            points={one.points.map((point) => `${point.percent} %`)}
            series={[
              { label: "Audience", values: one.points.map((point) => point.audience), format: rate },
              { label: "Watches per view", values: one.points.map((point) => point.watches_per_view), format: exact },
            ]}
          />
        )}
      </Shown>
    </Card>
  );
}

interface BreakdownRow {
  name: string | null;
  views: number;
  watch_time_seconds: number;
  error_rate: number;
}

function Breakdown({ id, query }: PartProps) {
  const [by, setBy] = useState("country");
  const where = path(`/api/metrics/video/${id}/breakdown`, with_(query, { by, limit: "20" }));
  const parts = useApi<{ results: BreakdownRow[]; attribution?: string }>(where);
  return (
    <Card title="Who watches" actions={<Csv where={where} name={`breakdown-${by}`} />}>
      <Tabs label="By what" of={[["country", "Country"], ["device", "Device"], ["browser", "Browser"]]} chosen={by} choose={setBy} />
      <Shown of={parts} isEmpty={(one) => one.results.length === 0} empty="No views in this range.">
        {(one) => (
          <>
            <Table
              label={`Views by ${by}`}
              rows={one.results}
              name={(row) => row.name ?? ""}
              columns={[
                {
                  title: by[0]?.toUpperCase() + by.slice(1),
                  main: true,
                  cell: (row) => <Bar share={row.views / Math.max(1, ...one.results.map((each) => each.views))}>{(by === "country" ? country(row.name ?? "") : row.name) || "(unknown)"}</Bar>,
                },
                { title: "Views", number: true, main: true, cell: (row) => count(row.views) },
                { title: "Watch time", number: true, main: true, cell: (row) => duration(row.watch_time_seconds) },
                { title: "Errors", number: true, cell: (row) => rate(row.error_rate) },
              ]}
            />
            {one.attribution && (
              <p class="hint">
                <a href="https://db-ip.com" rel="noopener noreferrer" target="_blank">
                  IP Geolocation by DB-IP
                </a>
              </p>
            )}
          </>
        )}
      </Shown>
    </Card>
  );
}

interface Rendition {
  quality: string;
  watch_time_seconds: number;
  percentage: number;
}

interface QualityFigures {
  startup_time_seconds: number;
  startup_time_p90_seconds: number;
  buffering_seconds: number;
  rebuffer_ratio: number;
  failed_views: number;
  mean_bitrate_kbps: number;
  renditions: Rendition[];
}

function Quality({ id, query }: PartProps) {
  const where = path(`/api/metrics/video/${id}/quality`, query);
  const quality = useApi<QualityFigures>(where);
  return (
    <Card title="Quality" actions={<Csv where={where} name="quality" />}>
      <Shown of={quality}>
        {(one) => (
          <>
            <Figures
              of={[
                { label: "Startup, median", value: duration(one.startup_time_seconds) },
                { label: "Startup, slowest tenth", value: duration(one.startup_time_p90_seconds) },
                { label: "Buffering", value: duration(one.buffering_seconds) },
                { label: "Failed views", value: count(one.failed_views) },
                { label: "Mean bitrate", value: `${count(one.mean_bitrate_kbps)} kbit/s` },
              ]}
            />
            {one.renditions.length > 0 && (
              <Table
                label="Time per rendition"
                rows={one.renditions}
                name={(row) => row.quality}
                columns={[
                  { title: "Rendition", main: true, cell: (row) => <Bar share={row.percentage / 100}>{row.quality || "(unknown)"}</Bar> },
                  { title: "Time", number: true, main: true, cell: (row) => duration(row.watch_time_seconds) },
                  { title: "Share", number: true, main: true, cell: (row) => percent(row.percentage) },
                ]}
              />
            )}
          </>
        )}
      </Shown>
    </Card>
  );
}

function Days({ id, query }: PartProps) {
  const where = path(`/api/metrics/video/${id}/timeseries`, query);
  const days = useApi<{ results: { bucket: string; views: number; unique_viewers: number }[] }>(where);
  return (
    <Card title="Views over time" wide actions={<Csv where={where} name="video-timeseries" />}>
      <Shown of={days} isEmpty={(one) => one.results.every((day) => day.views === 0)} empty="No views in this range.">
        {(one) => (
          <Chart
            title="Views and viewers"
            unit="Day"
            height={180}
            points={one.results.map((day) => bucket(day.bucket))}
            series={[
              { label: "Views", values: one.results.map((day) => day.views), format: count },
              { label: "Viewers", values: one.results.map((day) => day.unique_viewers), format: count },
            ]}
          />
        )}
      </Shown>
    </Card>
  );
}
