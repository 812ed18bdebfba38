/** The figures of a website over a range, and their series. */
import { Chart } from "../../chart";
import { buckets, change as changed, count, duration, exact, rate } from "../../format";
import type { Figure } from "../../parts";
import { Figures } from "../../parts";

interface Metrics {
  visitors: number;
  visits: number;
  pageviews: number;
  events: number;
  views_per_visit: number;
  bounce_rate: number;
  visit_duration: number;
}

/** A figure of the time before, and the change since in percent (null from 0). */
export interface Change {
  value: number;
  change: number | null;
}

export interface Dashboard {
  range: { start: string; end: string; timezone: string };
  metrics: Metrics;
  visitors_counted: "distinct" | "daily_sum" | "mixed";
  comparison?: Record<keyof Metrics, Change>;
  timeseries: { bucket: string; visitors: number; visits: number; pageviews: number }[];
  imported_days?: number;
}

/** Name, label, format, whether more is good, and what it means. */
const KINDS: [keyof Metrics, string, (value: number) => string, boolean, string][] = [
  ["visitors", "Visitors", count, true, "Distinct people"],
  ["visits", "Visits", count, true, "Page views and events with gaps under 30 minutes"],
  ["pageviews", "Page views", count, true, ""],
  ["events", "Events", count, true, "Custom events"],
  ["views_per_visit", "Views per visit", exact, true, ""],
  ["bounce_rate", "Bounce rate", rate, false, "Visits with one page view and no interaction"],
  ["visit_duration", "Visit duration", duration, true, "From first to last event"],
];

export function isQuiet({ metrics }: Dashboard): boolean {
  return metrics.visitors === 0 && metrics.pageviews === 0 && metrics.events === 0;
}

function figuresOf(dashboard: Dashboard): Figure[] {
  return KINDS.map(([name, label, format, moreIsGood, about]) => {
    const compared = dashboard.comparison?.[name];
    return { label, about, value: format(dashboard.metrics[name]), change: compared && shownChange(compared, dashboard.metrics[name], moreIsGood) };
  });
}

/** How a figure that is `now` changed; nothing where there was nothing before and is none now. */
export function shownChange({ change }: Change, now: number, moreIsGood = true): Figure["change"] {
  if (change === null && now === 0) return undefined;
  return { text: changed(change), good: change ? change > 0 === moreIsGood : null };
}

export function WebsiteFigures({ of }: { of: Dashboard }) {
  return (
    <>
      <Figures of={figuresOf(of)} />
      <Chart
        title="Visitors and page views"
        unit={of.range.start === of.range.end ? "Hour" : "Day"}
        points={buckets(of.timeseries.map((one) => one.bucket))}
        series={[
          { label: "Visitors", values: of.timeseries.map((one) => one.visitors), format: count },
          { label: "Page views", values: of.timeseries.map((one) => one.pageviews), format: count },
        ]}
      />
      <Counted of={of} />
    </>
  );
}

/** How visitors were counted, where it is not plainly distinct people. */
function Counted({ of }: { of: Dashboard }) {
  const texts: string[] = [];
  if (of.visitors_counted !== "distinct" && of.range.start !== of.range.end)
    texts.push("Visitors without a lasting id are counted anew every day.");
  if (of.imported_days) texts.push(`${of.imported_days} days are imported from another tool.`);
  return texts.length ? <p class="hint">{texts.join(" ")}</p> : null;
}
