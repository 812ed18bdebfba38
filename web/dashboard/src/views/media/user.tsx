/** One user of a media server. */
import { linkTo } from "../../address";
import type { ViewProps } from "../../app";
import { path } from "../../calls";
import { Chart } from "../../chart";
import { bucket, count, exact, moment } from "../../format";
import { Figures } from "../../parts";
import { RangeBar, asked, with_ } from "../../range";
import { Report } from "../../report";
import { SessionsOf } from "./sessions";

interface UserFigures {
  plays: number;
  watch_hours: number;
  last_seen_at: string | null;
  top_genres: unknown[];
  top_types: unknown[];
  devices: unknown[];
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
                { label: "Genres", value: names(one.top_genres) },
                { label: "Kinds", value: names(one.top_types) },
                { label: "Devices", value: names(one.devices) },
              ]}
            />
            <Chart
              title="Hours watched"
              unit="Day"
              height={180}
              points={one.daily.map((day) => bucket(day.date))}
              series={[{ label: "Hours", values: one.daily.map((day) => day.watch_hours), format: exact }]}
            />
          </>
        )}
      </Report>
      <SessionsOf user={address.item} site={site.site_id} />
    </>
  );
}

/** The first names of a list whose rows are texts or objects with a name. */
function names(rows: unknown[]): string {
  const texts = rows.slice(0, 3).map((row) => {
    if (typeof row === "string") return row;
    const fields = Object.values((row ?? {}) as Record<string, unknown>);
    return String(fields.find((field) => typeof field === "string" && field) ?? "");
  });
  return texts.filter(Boolean).join(", ") || "–";
}
