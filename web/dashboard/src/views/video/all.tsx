/** All videos. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { linkTo } from "../../address";
import type { ViewProps } from "../../app";
import { path } from "../../calls";
import { count, duration, exact, percent, rate } from "../../format";
import { More } from "../../parts";
import { RangeBar, asked, with_ } from "../../range";
import type { Rows } from "../../report";
import { List } from "../../report";
import type { Column } from "../../table";
import type { VideoRow } from "./one";
import { OneVideo } from "./one";

export function VideosView(properties: ViewProps) {
  return properties.address.item ? <OneVideo {...properties} /> : <AllVideos {...properties} />;
}

const FEW = "100";
const MANY = "1000";

function AllVideos({ address, site }: ViewProps) {
  const [limit, setLimit] = useState(FEW);
  return (
    <>
      <h1>Videos</h1>
      <RangeBar from={address} />
      <VideoList address={address} site={site} limit={limit} wide foot={({ next_cursor }) => next_cursor && limit === FEW && <More show={() => setLimit(MANY)} />} />
    </>
  );
}

interface VideoListProps extends ViewProps {
  limit: string;
  wide?: boolean;
  foot?: (data: Rows<VideoRow>) => ComponentChildren;
}

export function VideoList({ address, site, limit, wide = false, foot }: VideoListProps) {
  return (
    <List<VideoRow>
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
        ...(wide ? DETAILS : []),
      ]}
      {...(foot ? { foot } : {})}
    />
  );
}

const DETAILS: Column<VideoRow>[] = [
  { title: "Qualified", number: true, cell: (row) => count(row.qualified_views) },
  { title: "Watched", number: true, cell: (row) => percent(row.avg_watch_percentage) },
  { title: "Completed", number: true, cell: (row) => rate(row.completion_rate) },
  { title: "Score", number: true, cell: (row) => exact(row.engagement_score) },
];
