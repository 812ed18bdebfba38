/** How well a video plays. */
import { path } from "../../calls";
import { count, duration, percent } from "../../format";
import { Figures } from "../../parts";
import { Report } from "../../report";
import { Table } from "../../table";
import type { OfVideo } from "./one";

interface Rendition {
  quality: string;
  watch_time_seconds: number;
  percentage: number;
}

interface QualityFigures {
  startup_time_seconds: number;
  startup_time_p90_seconds: number;
  buffering_seconds: number;
  failed_views: number;
  mean_bitrate_kbps: number;
  renditions: Rendition[];
}

export function Quality({ id, query }: OfVideo) {
  return (
    <Report<QualityFigures> title="Quality" where={path(`/api/metrics/video/${id}/quality`, query)} csv="quality">
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
                { title: "Rendition", main: true, bar: (row) => row.percentage, whole: 100, cell: (row) => row.quality || "(unknown)" },
                { title: "Time", number: true, main: true, cell: (row) => duration(row.watch_time_seconds) },
                { title: "Share", number: true, main: true, cell: (row) => percent(row.percentage) },
              ]}
            />
          )}
        </>
      )}
    </Report>
  );
}
