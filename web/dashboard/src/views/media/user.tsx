/** One user of a media server. */
import { linkTo } from "../../address";
import type { ViewProps } from "../../app";
import { path } from "../../calls";
import { Chart } from "../../chart";
import { buckets, count, exact, moment } from "../../format";
import { Figures } from "../../parts";
import { RangeBar, asked, with_ } from "../../range";
import { Report } from "../../report";
import { SessionsOf } from "./sessions";

interface UserFigures {
  plays: number;
  watch_hours: number;
  last_seen_at: string | null;
  top_genres: { genre: string }[];
  top_types: { type: string }[];
  devices: { device_id: string | null; device_name: string; client_name: string }[];
  daily: { date: string; watch_hours: number }[];
}

export function OneUser({ address, site }: ViewProps) {
  const at = `/api/v1/analytics/users/${encodeURIComponent(address.item)}`;
  return (
    <>
      <p class="back">
        <a href={linkTo(address, "media")}>Media server</a>
      </p>
      <h1>{address.item}</h1>
      <RangeBar from={address} />
      <Report<UserFigures> title="Figures" wide where={path(at, with_(asked(address, false), { website_id: site.site_id }))}>
        {(one) => (
          <>
            <Figures
              of={[
                { label: "Plays", value: count(one.plays) },
                { label: "Watched", value: `${exact(one.watch_hours)} h` },
                { label: "Last seen", value: moment(one.last_seen_at) },
                { label: "Genres", value: first(one.top_genres.map((row) => row.genre)) },
                { label: "Kinds", value: first(one.top_types.map((row) => row.type)) },
                { label: "Devices", value: first(one.devices.map((row) => row.device_name || row.client_name || row.device_id)) },
              ]}
            />
            <Chart
              title="Hours watched"
              unit="Day"
              height={180}
              points={buckets(one.daily.map((day) => day.date))}
              series={[{ label: "Hours", values: one.daily.map((day) => day.watch_hours), format: exact }]}
            />
          </>
        )}
      </Report>
      <SessionsOf user={address.item} site={site.site_id} />
    </>
  );
}

/** The first three that are known. */
function first(names: (string | null)[]): string {
  return [...new Set(names)].filter(Boolean).slice(0, 3).join(", ") || "–";
}
