/** All videos. */
import { linkTo } from "../../address";
import type { ViewProps } from "../../app";
import { path } from "../../calls";
import { count, duration, exact, percent, rate } from "../../format";
import { RangeBar, asked, with_ } from "../../range";
import { List } from "../../report";
import type { Column } from "../../table";
import type { VideoMetrics } from "./one";
import { OneVideo } from "./one";

export function VideosView(properties: ViewProps) {
  return properties.address.item ? <OneVideo {...properties} /> : <AllVideos {...properties} />;
}

function AllVideos({ address, site }: ViewProps) {
  return (
    <>
      <h1>Videos</h1>
      <RangeBar from={address} />
      <VideoList address={address} site={site} limit="100" wide />
    </>
  );
}

export function VideoList({ address, site, limit, wide = false }: ViewProps & { limit: string; wide?: boolean }) {
  return (
    <List<VideoMetrics>
      title="Videos"
      wide={wide}
      where={path("/api/metrics/videos", with_(asked(address, false), { website_id: site.site_id, limit }))}
      csv="videos"
      actions={!wide && <a href={linkTo(address, "videos")}>All videos</a>}
      empty="No video was played in this range. Send the nine video events to POST /api/events."
      name={(row) => row.video_id}
      columns={[
        { title: "Video", main: true, bar: (row) => row.views, cell: (row) => <a href={linkTo(address, "videos", row.video_id)}>{row.video_id}</a> },
        { title: "Views", number: true, main: true, cell: (row) => count(row.views) },
        { title: "Viewers", number: true, cell: (row) => count(row.unique_viewers) },
        { title: "Watch time", number: true, main: true, cell: (row) => duration(row.watch_time_seconds) },
        ...(wide ? QUALITY : []),
      ]}
    />
  );
}

const QUALITY: Column<VideoMetrics>[] = [
  { title: "Watched", number: true, cell: (row) => percent(row.avg_watch_percentage) },
  { title: "Completed", number: true, cell: (row) => rate(row.completion_rate) },
  { title: "Errors", number: true, cell: (row) => rate(row.error_rate) },
  { title: "Score", number: true, cell: (row) => exact(row.engagement_score) },
];
