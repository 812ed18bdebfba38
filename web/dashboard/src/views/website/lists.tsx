/** The top lists of a website; a click on a row filters the whole view by it. */
import { useState } from "preact/hooks";
import type { Address } from "../../address";
import { change } from "../../address";
import { path } from "../../calls";
import { count, country, duration, percent, rate } from "../../format";
import { Changed, More, Tabs } from "../../parts";
import { plainValue, with_ } from "../../range";
import type { Filter } from "../../range";

import { List } from "../../report";
import type { Column } from "../../table";
import type { Change } from "./figures";
import { shownChange } from "./figures";

interface Row {
  name: string;
  visitors: number;
  visits: number;
  pageviews: number;
  bounce_rate: number;
  visit_duration: number;
  percentage: number;
  time_on_page?: number | null;
  comparison?: Record<string, Change>;
}

export interface WhichList {
  title: string;
  report: string;
  by?: string;
  filter: Filter;
}

export interface ListOf {
  site: string;
  address: Address;
  query: URLSearchParams;
}

const ROWS = 10;
const MORE_ROWS = 100;

export function TopList({ title, lists, site, address, query }: ListOf & { title: string; lists: WhichList[] }) {
  const [chosen, setChosen] = useState(0);
  const [limit, setLimit] = useState(ROWS);
  const list = lists[chosen] ?? (lists[0] as WhichList);
  const asked: Record<string, string> = { limit: String(limit), ...(list.by ? { by: list.by } : {}) };
  return (
    <List<Row>
      title={title}
      label={`${title}: ${list.title}`}
      where={path(`/api/v1/analytics/${list.report}/${encodeURIComponent(site)}`, with_(query, asked))}
      csv={`${list.report}${list.by ? `-${list.by}` : ""}`}
      head={
        lists.length > 1 && (
          <Tabs
            label={`${title}: which list`}
            of={lists.map((one, index) => [String(index), one.title])}
            chosen={String(chosen)}
            choose={(index) => {
              setChosen(Number(index));
              setLimit(ROWS);
            }}
          />
        )
      }
      empty="Nothing in this range."
      name={(row) => row.name}
      columns={({ results }) => columns(list, address, results)}
      foot={(data) => data.next_cursor && limit === ROWS && <More show={() => setLimit(MORE_ROWS)} />}
    />
  );
}

function columns(list: WhichList, address: Address, rows: Row[]): Column<Row>[] {
  const shownName = (name: string) => (list.filter === "country" ? country(name) : name) || "(unknown)";
  return [
    {
      title: list.title,
      main: true,
      bar: (row) => row.visitors,
      cell: (row) => <FilterBy address={address} name={list.filter} value={row.name} text={shownName(row.name)} />,
    },
    { title: "Visitors", number: true, main: true, cell: (row) => <span title={percent(row.percentage)}>{count(row.visitors)}</span> },
    // Beside a comparison there is no room for more.
    ...(rows.some((row) => row.comparison) ? compared(rows) : details(rows)),
  ];
}

function details(rows: Row[]): Column<Row>[] {
  const timed = rows.some((row) => row.time_on_page !== undefined);
  return [
    { title: "Views", number: true, cell: (row) => count(row.pageviews) },
    { title: "Bounce", number: true, cell: (row) => rate(row.bounce_rate) },
    timed
      ? { title: "On page", number: true, cell: (row) => (typeof row.time_on_page === "number" ? duration(row.time_on_page) : "–") }
      : { title: "Duration", number: true, cell: (row) => duration(row.visit_duration) },
  ];
}

/** How visitors changed, where the time before was asked for. */
export function compared<R extends { visitors: number | null; comparison?: Record<string, Change> }>(rows: R[]): Column<R>[] {
  if (!rows.some((row) => row.comparison)) return [];
  const cell = (row: R) => {
    const before = row.comparison?.["visitors"];
    const shown = before && row.visitors !== null ? shownChange(before, row.visitors) : undefined;
    return shown ? <Changed of={shown} /> : "–";
  };
  return [{ title: "Change", number: true, main: true, cell }];
}

/** A value that the view is filtered by when it is pressed. */
export function FilterBy({ address, name, value, text = value }: { address: Address; name: string; value: string; text?: string }) {
  return (
    <button type="button" class="link" title={`Show only ${text}`} onClick={() => change(address, { [name]: plainValue(value) })}>
      {text}
    </button>
  );
}
