/** A website: its figures over time, and what they are made of. */
import { useState } from "preact/hooks";
import type { ViewProps } from "../app";
import { change } from "../address";
import { useApi } from "../asking";
import { path } from "../calls";
import { Chart } from "../chart";
import { bucket, change as changed, count, duration, exact, rate } from "../format";
import { Bar, Card, Csv, Figures, Shown, Table, Tabs } from "../parts";
import type { Figure } from "../parts";
import { RangeBar, asked, plainValue, with_ } from "../range";
import { TopList } from "./lists";

export interface Metrics {
  visitors: number;
  visits: number;
  pageviews: number;
  events: number;
  views_per_visit: number;
  bounce_rate: number;
  visit_duration: number;
}

export interface Dashboard {
  range: { start: string; end: string; timezone: string };
  metrics: Metrics;
  visitors_counted: "distinct" | "daily_sum" | "mixed";
  comparison?: Record<keyof Metrics, { value: number; change: number | null }>;
  timeseries: { bucket: string; visitors: number; visits: number; pageviews: number }[];
  imported_days?: number;
}

const KINDS: [keyof Metrics, string, (value: number) => string, boolean | null, string][] = [
  ["visitors", "Visitors", count, true, "Distinct people"],
  ["visits", "Visits", count, true, "Page views and events with gaps under 30 minutes"],
  ["pageviews", "Page views", count, true, ""],
  ["events", "Events", count, true, "Custom events"],
  ["views_per_visit", "Views per visit", exact, true, ""],
  ["bounce_rate", "Bounce rate", rate, false, "Visits with one page view and no interaction"],
  ["visit_duration", "Visit duration", duration, true, "From first to last event"],
];

export function figuresOf(dashboard: Dashboard): Figure[] {
  return KINDS.map(([name, label, format, moreIsGood, about]) => {
    const compared = dashboard.comparison?.[name];
    const difference = compared?.change ?? 0;
    return {
      label,
      about,
      value: format(dashboard.metrics[name]),
      change: compared && {
        text: compared.change === null ? "new" : changed(compared.change),
        good: difference === 0 || moreIsGood === null ? null : difference > 0 === moreIsGood,
      },
    };
  });
}

export function Series({ of }: { of: Dashboard }) {
  return (
    <Chart
      title="Visitors and page views"
      unit={of.range.start === of.range.end ? "Hour" : "Day"}
      points={of.timeseries.map((one) => bucket(one.bucket))}
      series={[
        { label: "Visitors", values: of.timeseries.map((one) => one.visitors), format: count },
        { label: "Page views", values: of.timeseries.map((one) => one.pageviews), format: count },
      ]}
    />
  );
}

/** How visitors were counted, where it is not plainly distinct people. */
export function Counted({ of }: { of: Dashboard }) {
  const texts: string[] = [];
  if (of.visitors_counted !== "distinct" && of.range.start !== of.range.end)
    texts.push("Visitors without a lasting id are counted anew every day.");
  if (of.imported_days) texts.push(`${of.imported_days} days are imported from another tool.`);
  return texts.length ? <p class="hint">{texts.join(" ")}</p> : null;
}

export function WebsiteView({ address, site }: ViewProps) {
  const query = asked(address, true);
  const compare = address.query.get("compare") === "previous";
  const where = path(`/api/v1/analytics/dashboard/${encodeURIComponent(site.site_id)}`, compare ? with_(query, { compare: "previous" }) : query);
  const dashboard = useApi<Dashboard>(where);
  const lists = { site: site.site_id, address, query };
  return (
    <>
      <h1>Website</h1>
      <RangeBar from={address} filters compare />
      <Card title="Figures" wide actions={<Csv where={where} name="timeseries" />}>
        <Shown
          of={dashboard}
          isEmpty={(one) => one.metrics.visitors === 0 && one.metrics.pageviews === 0 && one.metrics.events === 0}
          empty="No visits in this range. Take a longer one, remove filters, or send the first page view to POST /api/events."
        >
          {(one) => (
            <>
              <Figures of={figuresOf(one)} />
              <Series of={one} />
              <Counted of={one} />
            </>
          )}
        </Shown>
      </Card>
      <div class="grid">
        <TopList
          {...lists}
          title="Pages"
          lists={[
            { title: "Page", report: "top-pages", filter: "page" },
            { title: "Entry", report: "top-pages", by: "entry", filter: "entry_page" },
            { title: "Exit", report: "top-pages", by: "exit", filter: "exit_page" },
          ]}
        />
        <TopList
          {...lists}
          title="Sources"
          lists={[
            { title: "Source", report: "top-referrers", filter: "source" },
            { title: "Channel", report: "traffic-summary", filter: "channel" },
            { title: "Address", report: "top-referrers", by: "url", filter: "referrer" },
            { title: "Campaign", report: "traffic-summary", by: "utm_campaign", filter: "utm_campaign" },
          ]}
        />
        <TopList
          {...lists}
          title="Places"
          lists={[
            { title: "Country", report: "top-countries", filter: "country" },
            { title: "Region", report: "top-countries", by: "region", filter: "region" },
            { title: "City", report: "top-countries", by: "city", filter: "city" },
          ]}
        />
        <TopList
          {...lists}
          title="Technology"
          lists={[
            { title: "Browser", report: "top-browsers", filter: "browser" },
            { title: "System", report: "top-os", filter: "os" },
            { title: "Device", report: "top-devices", filter: "device" },
            { title: "Screen", report: "top-devices", by: "screen", filter: "screen" },
            { title: "Language", report: "top-devices", by: "language", filter: "language" },
          ]}
        />
        <Events {...lists} />
        <Goals site={site.site_id} query={asked(address, false)} />
      </div>
    </>
  );
}

interface EventRow {
  name: string;
  events: number;
  visitors: number;
}

function Events({ site, query, address }: { site: string; query: URLSearchParams; address: ViewProps["address"] }) {
  const where = path(`/api/v1/analytics/custom-events/${encodeURIComponent(site)}`, with_(query, { limit: "20" }));
  const events = useApi<{ results: EventRow[] }>(where);
  return (
    <Card title="Events" actions={<Csv where={where} name="custom-events" />}>
      <Shown of={events} isEmpty={(one) => one.results.length === 0} empty="No custom events in this range.">
        {(one) => (
          <Table
            label="Events"
            rows={one.results}
            name={(row) => row.name}
            columns={[
              {
                title: "Event",
                main: true,
                cell: (row) => (
                  <Bar share={row.events / Math.max(1, ...one.results.map((each) => each.events))}>
                    <button type="button" class="link" onClick={() => change(address, { event: plainValue(row.name) })}>
                      {row.name}
                    </button>
                  </Bar>
                ),
              },
              { title: "Events", number: true, main: true, cell: (row) => count(row.events) },
              { title: "Visitors", number: true, main: true, cell: (row) => count(row.visitors) },
            ]}
          />
        )}
      </Shown>
    </Card>
  );
}

/** Goals, and how many come back. */
function Goals({ site, query }: { site: string; query: URLSearchParams }) {
  const [shown, setShown] = useState("goals");
  const where = path(`/api/v1/analytics/${shown}/${encodeURIComponent(site)}`, query);
  const report = useApi<{ results: (Goal | CohortRow)[] }>(where);
  return (
    <Card title="Goals and returning visitors" actions={<Csv where={where} name={shown} />}>
      <Tabs label="Which report" of={[["goals", "Goals"], ["retention", "Returning by week"]]} chosen={shown} choose={setShown} />
      <Shown
        of={report}
        isEmpty={(one) => one.results.length === 0}
        empty={shown === "goals" ? "There is no goal yet. Make one with POST /api/v1/analytics/goals/{website_id}." : "Nobody with a lasting id in this range."}
      >
        {(one) => {
          // While the other report loads, the rows are still those of the one before.
          const cohorts = one.results.filter((row): row is CohortRow => "cohort" in row);
          const goals = one.results.filter((row): row is Goal => "goal_id" in row);
          return cohorts.length ? <Cohorts rows={cohorts} /> : <GoalTable rows={goals} />;
        }}
      </Shown>
    </Card>
  );
}

interface Goal {
  goal_id: string;
  name: string;
  visitors: number | null;
  conversions?: number;
  conversion_rate: number | null;
}

function GoalTable({ rows }: { rows: Goal[] }) {
  return (
    <Table
      label="Goals"
      rows={rows}
      name={(row) => row.goal_id}
      columns={[
        { title: "Goal", main: true, cell: (row) => row.name },
        { title: "Visitors", number: true, main: true, cell: (row) => (typeof row.visitors === "number" ? count(row.visitors) : "–") },
        { title: "Conversion", number: true, main: true, cell: (row) => (typeof row.conversion_rate === "number" ? rate(row.conversion_rate) : "–") },
      ]}
    />
  );
}

interface CohortRow {
  cohort: string;
  visitors: number;
  /** The share that came back in its own week and each one after. */
  retention: number[];
}

function Cohorts({ rows }: { rows: CohortRow[] }) {
  const most = Math.max(0, ...rows.map((row) => row.retention.length));
  return (
    <Table
      label="Returning visitors by week"
      rows={rows}
      name={(row) => row.cohort}
      columns={[
        { title: "First week", main: true, cell: (row) => bucket(row.cohort) },
        { title: "Visitors", number: true, main: true, cell: (row) => count(row.visitors) },
        ...Array.from({ length: Math.min(most, 12) }, (_, offset) => ({
          title: `+${offset}`,
          number: true,
          main: true,
          cell: (row: CohortRow) => {
            const share = row.retention[offset];
            return share === undefined ? "" : rate(share);
          },
        })),
      ]}
    />
  );
}
