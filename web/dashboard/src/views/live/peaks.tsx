/** The most viewers at once of each day. */
import { path } from "../../calls";
import { Chart } from "../../chart";
import { buckets, count } from "../../format";
import { Report } from "../../report";

export function Peaks({ site }: { site: string }) {
  return (
    <Report<{ results: { date: string; concurrent_viewers: number }[] }>
      title="Most viewers at once, per day"
      wide
      tall
      where={path("/api/metrics/realtime/peaks", { website_id: site, period: "30d" })}
      csv="peaks"
      isEmpty={(one) => one.results.every((day) => day.concurrent_viewers === 0)}
      empty="Nobody watched in the last 30 days."
    >
      {({ results }) => (
        <Chart
          title="Most viewers at once"
          unit="Day"
          height={160}
          points={buckets(results.map((day) => day.date))}
          series={[{ label: "Viewers", values: results.map((day) => day.concurrent_viewers), format: count }]}
        />
      )}
    </Report>
  );
}
