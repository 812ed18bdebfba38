/** Who comes back: cohorts by the week or month of their first visit. */
import { useState } from "preact/hooks";
import { path } from "../../calls";
import { bucket, count, rate } from "../../format";
import { Tabs } from "../../parts";
import { with_ } from "../../range";
import { List } from "../../report";
import type { Rows } from "../../report";
import type { Column } from "../../table";

interface Cohort {
  cohort: string;
  visitors: number;
  /** The share that came back in its own period and each one after. */
  retention: number[];
}

interface Retention extends Rows<Cohort> {
  visitors_left_out: number;
}

const MOST_PERIODS = 12;

export function ReturningVisitors({ site, query }: { site: string; query: URLSearchParams }) {
  const [by, setBy] = useState("week");
  return (
    <List<Cohort, Retention>
      title="Returning visitors"
      wide
      where={path(`/api/v1/analytics/retention/${encodeURIComponent(site)}`, with_(query, { by }))}
      csv={`retention-${by}`}
      head={<Tabs label="By" of={[["week", "Weeks"], ["month", "Months"]]} chosen={by} choose={setBy} />}
      empty="Nobody with a lasting id in this range: only who signs in, or lets the tracker keep an id, can be known to come back."
      name={(row) => row.cohort}
      columns={({ results }) => columns(by, results)}
      foot={(data) => data.visitors_left_out > 0 && <p class="hint">{count(data.visitors_left_out)} visitors without a lasting id are in no row.</p>}
    />
  );
}

function columns(by: string, rows: Cohort[]): Column<Cohort>[] {
  const periods = Math.min(MOST_PERIODS, Math.max(0, ...rows.map((row) => row.retention.length)));
  return [
    { title: `First ${by}`, main: true, cell: (row) => bucket(row.cohort) },
    { title: "Visitors", number: true, main: true, cell: (row) => count(row.visitors) },
    ...Array.from({ length: periods }, (_, offset): Column<Cohort> => ({
      title: `+${offset}`,
      number: true,
      main: true,
      cell: (row) => {
        const share = row.retention[offset];
        if (share !== undefined && row.visitors === 0) return "–";
        return share === undefined ? "" : <span class={`heat heat-${Math.round(share * 4)}`}>{rate(share)}</span>;
      },
    })),
  ];
}
