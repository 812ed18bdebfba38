/** The top lists of a website; a click on a row filters the whole view by it. */
import { useState } from "preact/hooks";
import type { Address } from "../address";
import { change } from "../address";
import { useApi } from "../asking";
import { path } from "../calls";
import { count, country, duration, percent, rate } from "../format";
import { Bar, Card, Csv, Shown, Table, Tabs } from "../parts";
import type { Filter } from "../range";
import { plainValue, with_ } from "../range";

export interface Row {
  name: string;
  visitors: number;
  visits: number;
  pageviews: number;
  bounce_rate: number;
  visit_duration: number;
  percentage: number;
  time_on_page?: number | null;
}

export interface Top {
  results: Row[];
  next_cursor: string | null;
  attribution?: string;
}

export interface List {
  title: string;
  report: string;
  by?: string;
  filter: Filter;
}

const ROWS = 10;
const MORE_ROWS = 100;

export function TopList({ title, lists, site, address, query }: { title: string; lists: List[]; site: string; address: Address; query: URLSearchParams }) {
  const [chosen, setChosen] = useState(0);
  const [limit, setLimit] = useState(ROWS);
  const list = lists[chosen] ?? (lists[0] as List);
  const where = path(`/api/v1/analytics/${list.report}/${encodeURIComponent(site)}`, with_(query, { limit: String(limit), ...(list.by ? { by: list.by } : {}) }));
  const asking = useApi<Top>(where);
  const shownName = (name: string) => (list.filter === "country" ? country(name) : name) || "(unknown)";
  return (
    <Card title={title} actions={<Csv where={where} name={`${list.report}${list.by ? `-${list.by}` : ""}`} />}>
      {lists.length > 1 && (
        <Tabs
          label={`${title}: which list`}
          of={lists.map((one, index) => [String(index), one.title])}
          chosen={String(chosen)}
          choose={(index) => {
            setChosen(Number(index));
            setLimit(ROWS);
          }}
        />
      )}
      <Shown of={asking} isEmpty={(top) => top.results.length === 0} empty="Nothing in this range.">
        {(top) => {
          const most = top.results[0]?.visitors || 1;
          const timed = top.results.some((row) => row.time_on_page !== undefined);
          return (
            <>
              <Table
                label={`${title}: ${list.title}`}
                rows={top.results}
                name={(row) => row.name}
                columns={[
                  {
                    title: list.title,
                    main: true,
                    cell: (row) => (
                      <Bar share={row.visitors / most}>
                        <button type="button" class="link" title={`Show only ${shownName(row.name)}`} onClick={() => change(address, { [list.filter]: plainValue(row.name) })}>
                          {shownName(row.name)}
                        </button>
                      </Bar>
                    ),
                  },
                  { title: "Visitors", number: true, main: true, cell: (row) => <span title={percent(row.percentage)}>{count(row.visitors)}</span> },
                  { title: "Views", number: true, cell: (row) => count(row.pageviews) },
                  { title: "Bounce", number: true, cell: (row) => rate(row.bounce_rate) },
                  timed
                    ? { title: "Time on page", number: true, cell: (row) => (typeof row.time_on_page === "number" ? duration(row.time_on_page) : "–") }
                    : { title: "Duration", number: true, cell: (row) => duration(row.visit_duration) },
                ]}
              />
              {top.next_cursor && limit === ROWS && (
                <button type="button" class="quiet" onClick={() => setLimit(MORE_ROWS)}>
                  Show more
                </button>
              )}
              {top.attribution && (
                <p class="hint">
                  <a href="https://db-ip.com" rel="noopener noreferrer" target="_blank">
                    IP Geolocation by DB-IP
                  </a>
                </p>
              )}
            </>
          );
        }}
      </Shown>
    </Card>
  );
}
