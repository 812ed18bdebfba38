/** The range that all reports of a view share, and the filters that were clicked. */
import type { TargetedEvent } from "preact";
import type { Address } from "./address";
import { change } from "./address";
import { dayBefore } from "./format";

export const FILTERS = [
  "page", "entry_page", "exit_page", "referrer", "source", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
  "country", "region", "city", "browser", "os", "device", "screen", "language", "event",
] as const;
export type Filter = (typeof FILTERS)[number];

const PERIODS: [string, string][] = [["today", "Today"], ["7d", "7 days"], ["30d", "30 days"], ["90d", "90 days"], ["12mo", "12 months"]];

const EARLIEST = "1970-01-01";

/** What a report is asked with: range, bots, and (where a report takes them) filters. */
export function asked(from: Address, filters: boolean): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of ["startDate", "endDate", "bots"]) {
    const value = from.query.get(name);
    if (value) query.set(name, value);
  }
  if (!query.has("startDate") && !query.has("endDate")) query.set("period", from.query.get("period") ?? "30d");
  if (filters)
    for (const [name, value] of from.query) if ((FILTERS as readonly string[]).includes(name) || name.startsWith("prop:")) query.append(name, value);
  return query;
}

export function with_(query: URLSearchParams, more: Record<string, string>): URLSearchParams {
  const made = new URLSearchParams(query);
  for (const [name, value] of Object.entries(more)) made.set(name, value);
  return made;
}

/** A value as a filter: what would be read as an operator is made plain. */
export function plainValue(value: string): string {
  return value.replace(/[\\!~|]/g, "\\$&");
}

function Day({ label, value, choose }: { label: string; value: string | null; choose: (day: string | null) => void }) {
  const changed = ({ currentTarget: { value: typed } }: TargetedEvent<HTMLInputElement>) => {
    // A year that is typed is 0002, 0020 and 0202 first.
    if (typed === "" || typed >= EARLIEST) choose(typed || null);
  };
  return (
    <label>
      <span class="unseen">{label}</span>
      <input type="date" max="9999-12-31" value={value ?? ""} onChange={changed} />
    </label>
  );
}

export function RangeBar({ from, filters = false, compare = false }: { from: Address; filters?: boolean; compare?: boolean }) {
  const days = from.query.get("startDate") ?? from.query.get("endDate");
  const period = days ? "days" : (from.query.get("period") ?? "30d");
  const pick = (name: string) => {
    if (name !== "days") change(from, { period: name, startDate: null, endDate: null });
    else {
      const today = dayBefore();
      change(from, { period: null, startDate: today, endDate: today });
    }
  };
  const chosen = [...from.query].filter(([name]) => (FILTERS as readonly string[]).includes(name) || name.startsWith("prop:"));
  return (
    <div class="range">
      <label>
        <span class="unseen">Period</span>
        <select value={period} onChange={(event) => pick(event.currentTarget.value)}>
          {PERIODS.map(([name, title]) => (
            <option value={name} key={name}>
              {title}
            </option>
          ))}
          <option value="days">From … to …</option>
        </select>
      </label>
      {days && (
        <>
          <Day label="First day" value={from.query.get("startDate")} choose={(startDate) => change(from, { startDate })} />
          <Day label="Last day" value={from.query.get("endDate")} choose={(endDate) => change(from, { endDate })} />
        </>
      )}
      {compare && (
        <label class="check">
          <input
            type="checkbox"
            checked={from.query.get("compare") === "previous"}
            onChange={(event) => change(from, { compare: event.currentTarget.checked ? "previous" : null })}
          />
          Compare with before
        </label>
      )}
      {filters && (
        <>
          <label>
            <span class="unseen">Bots</span>
            <select value={from.query.get("bots") ?? "exclude"} onChange={(event) => change(from, { bots: event.currentTarget.value === "exclude" ? null : event.currentTarget.value })}>
              <option value="exclude">Without bots</option>
              <option value="include">With bots</option>
              <option value="only">Bots alone</option>
            </select>
          </label>
          {chosen.map(([name, value]) => {
            const text = `${name.replace("_", " ")}: ${value.replace(/\\(.)/g, "$1") || "(none)"}`;
            return (
              <button type="button" class="chip" key={name} onClick={() => change(from, { [name]: null })} aria-label={`Remove the filter ${text}`}>
                {text} <span aria-hidden="true">×</span>
              </button>
            );
          })}
        </>
      )}
    </div>
  );
}
