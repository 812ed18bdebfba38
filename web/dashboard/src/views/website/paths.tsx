/** Where visits went on to from a page, or where they came from. */
import { useState } from "preact/hooks";
import { useApi } from "../../asking";
import { path } from "../../calls";
import { count, rate } from "../../format";
import { Joined, Tabs } from "../../parts";
import { with_ } from "../../range";
import { Report } from "../../report";
import { Table } from "../../table";
import type { ListOf } from "./lists";

interface Paths {
  page: string;
  visits: number;
  results: { pages: string[]; visits: number; share: number }[];
}

const ASKED = { limit: "10", steps: "3" };

export function PathReport({ site, query }: Omit<ListOf, "address">) {
  const [chosen, setChosen] = useState("");
  const [direction, setDirection] = useState("next");
  const id = encodeURIComponent(site);
  const pages = useApi<{ results: { name: string }[] }>(path(`/api/v1/analytics/top-pages/${id}`, with_(query, { limit: "50" })));
  const names = pages.data?.results.map((one) => one.name) ?? [];
  const page = names.includes(chosen) ? chosen : names[0];
  if (page === undefined) return null;
  return (
    <Report<Paths>
      title="Paths"
      where={path(`/api/v1/analytics/paths/${id}`, with_(query, { page, direction, ...ASKED }))}
      csv="paths"
      head={
        <div class="row">
          <label>
            Page
            <select value={page} onChange={(event) => setChosen(event.currentTarget.value)}>
              {names.map((name) => (
                <option value={name} key={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <Tabs label="Direction" of={[["next", "Then"], ["previous", "Before"]]} chosen={direction} choose={setDirection} />
        </div>
      }
      isEmpty={(one) => one.results.length === 0}
      empty="No visit of this range saw the page."
    >
      {(one) => (
        <>
          <p class="hint">{count(one.visits)} visits saw it.</p>
          <Table
            label={`Paths: ${page}`}
            rows={one.results}
            name={(row) => row.pages.join("\n")}
            columns={[
              { title: direction === "next" ? "Then" : "Before", main: true, bar: (row) => row.share, whole: 1, cell: (row) => <Joined of={row.pages} by={direction === "next" ? " → " : " ← "} /> },
              { title: "Visits", number: true, main: true, cell: (row) => count(row.visits) },
              { title: "Share", number: true, main: true, cell: (row) => rate(row.share) },
            ]}
          />
        </>
      )}
    </Report>
  );
}
