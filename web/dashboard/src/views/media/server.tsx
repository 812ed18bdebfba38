/** A media server: who watches now, what was watched, libraries and users. */
import type { ViewProps } from "../../app";
import { path } from "../../calls";
import { Chart } from "../../chart";
import { buckets, count, duration, exact } from "../../format";
import { Figures } from "../../parts";
import { RangeBar, asked, with_ } from "../../range";
import { Numbers, Report } from "../../report";
import { FindUser, Genres, Library, Popular } from "./catalogue";
import { ActiveSessions } from "./sessions";
import { OneUser } from "./user";

export function MediaView(properties: ViewProps) {
  return properties.address.item ? <OneUser {...properties} /> : <Server {...properties} />;
}

interface ServerFigures {
  total_libraries: number;
  total_items: number;
  total_size_gb: number;
  total_users: number;
  active_users_24h: number;
  total_plays: number;
  total_watch_hours: number;
}

function Server({ address, site }: ViewProps) {
  return (
    <>
      <h1>Media server</h1>
      <ActiveSessions address={address} site={site} wide />
      <Numbers<ServerFigures>
        title="The server"
        wide
        where={path("/api/v1/analytics/server", { website_id: site.site_id })}
        of={(one) => [
          { label: "Libraries", value: count(one.total_libraries) },
          { label: "Items", value: count(one.total_items) },
          { label: "Size", value: `${exact(one.total_size_gb)} GB` },
          { label: "Users", value: count(one.total_users) },
          { label: "Active in 24 h", value: count(one.active_users_24h) },
          { label: "Plays", value: count(one.total_plays) },
          { label: "Watched", value: `${exact(one.total_watch_hours)} h` },
        ]}
      />
      <RangeBar from={address} />
      <History address={address} site={site} />
      <div class="grid">
        <Popular site={site.site_id} />
        <Genres site={site.site_id} />
        <Library address={address} site={site} />
        <FindUser address={address} />
      </div>
    </>
  );
}

interface DailyStat {
  date: string;
  total_sessions: number;
  total_duration_minutes: number;
  unique_users: number;
  total_bandwidth_gb: number;
  transcoded_sessions: number;
}

function History({ address, site }: ViewProps) {
  return (
    <Report<{ results: DailyStat[] }>
      title="History"
      wide
      tall
      where={path("/api/v1/analytics/stats/daily", with_(asked(address, false), { website_id: site.site_id }))}
      csv="stats-daily"
      isEmpty={(one) => one.results.every((day) => day.total_sessions === 0)}
      empty="No session in this range."
    >
      {({ results }) => (
        <>
          <Figures
            of={[
              { label: "Sessions", value: count(sum(results, (day) => day.total_sessions)) },
              { label: "Played", value: duration(sum(results, (day) => day.total_duration_minutes) * 60) },
              { label: "Transcoded", value: count(sum(results, (day) => day.transcoded_sessions)) },
              { label: "Streamed", value: `${exact(sum(results, (day) => day.total_bandwidth_gb))} GB` },
            ]}
          />
          <Chart
            title="Sessions and users"
            unit="Day"
            points={buckets(results.map((day) => day.date))}
            series={[
              { label: "Sessions", values: results.map((day) => day.total_sessions), format: count },
              { label: "Users", values: results.map((day) => day.unique_users), format: count },
            ]}
          />
        </>
      )}
    </Report>
  );
}

function sum(days: DailyStat[], pick: (day: DailyStat) => number): number {
  return days.reduce((total, day) => total + pick(day), 0);
}
