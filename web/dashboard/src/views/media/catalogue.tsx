/** What of a media server's catalogue is watched. */
import { useState } from "preact/hooks";
import type { Address } from "../../address";
import { change } from "../../address";
import type { ViewProps } from "../../app";
import { useApi } from "../../asking";
import { path } from "../../calls";
import { count, exact, moment } from "../../format";
import { Card, Figures, Shown, Tabs } from "../../parts";
import { List } from "../../report";
import { nameOf, userLink } from "./sessions";

interface Watched {
  plays: number;
  unique_users: number;
  watch_hours: number;
}

const WINDOWS: [string, string][] = [["day", "Day"], ["week", "Week"], ["month", "Month"], ["year", "Year"], ["all", "All"]];

export function Popular({ site }: { site: string }) {
  const [window, setWindow] = useState("week");
  return (
    <List<Watched & { content_id: string; title: string | null; content_type: string }>
      title="Most watched"
      where={path("/api/v1/analytics/popular", { window, website_id: site })}
      csv={`popular-${window}`}
      head={<Tabs label="Time" of={WINDOWS} chosen={window} choose={setWindow} />}
      empty="Nothing was played in this time. A play is a session of at least two minutes."
      name={(row) => row.content_id}
      columns={[
        { title: "Title", main: true, bar: (row) => row.plays, cell: nameOf },
        { title: "Kind", cell: (row) => row.content_type },
        { title: "Plays", number: true, main: true, cell: (row) => count(row.plays) },
        { title: "Users", number: true, main: true, cell: (row) => count(row.unique_users) },
        { title: "Hours", number: true, cell: (row) => exact(row.watch_hours) },
      ]}
    />
  );
}

export function Genres({ site }: { site: string }) {
  const [window, setWindow] = useState("all");
  return (
    <List<Watched & { genre: string }>
      title="Genres"
      where={path("/api/v1/analytics/genres", { window, website_id: site })}
      csv={`genres-${window}`}
      head={<Tabs label="Time" of={WINDOWS} chosen={window} choose={setWindow} />}
      empty="No plays of items with a genre. Genres come with PUT /api/v1/catalog/items."
      name={(row) => row.genre}
      columns={[
        { title: "Genre", main: true, bar: (row) => row.plays, cell: (row) => row.genre },
        { title: "Plays", number: true, main: true, cell: (row) => count(row.plays) },
        { title: "Users", number: true, cell: (row) => count(row.unique_users) },
        { title: "Hours", number: true, main: true, cell: (row) => exact(row.watch_hours) },
      ]}
    />
  );
}

interface LibraryFigures {
  library_id: string;
  name: string | null;
  total_items: number;
  total_size_gb: number;
  total_plays: number;
  total_watch_hours: number;
  unique_users: number;
  last_played_at: string | null;
}

export function Library({ address, site }: ViewProps) {
  const id = address.query.get("library") ?? "";
  const library = useApi<LibraryFigures>(id ? path(`/api/v1/analytics/libraries/${encodeURIComponent(id)}`, { website_id: site.site_id }) : null);
  return (
    <Card title="Library">
      <Find label="Library id" value={id} find={(library) => change(address, { library: library || null })} />
      {id && (
        <Shown of={library}>
          {(one) => (
            <>
              <h3>{one.name || one.library_id}</h3>
              <Figures
                of={[
                  { label: "Items", value: count(one.total_items) },
                  { label: "Size", value: `${exact(one.total_size_gb)} GB` },
                  { label: "Plays", value: count(one.total_plays) },
                  { label: "Watched", value: `${exact(one.total_watch_hours)} h` },
                  { label: "Users", value: count(one.unique_users) },
                  { label: "Last played", value: moment(one.last_played_at) },
                ]}
              />
            </>
          )}
        </Shown>
      )}
    </Card>
  );
}

export function FindUser({ address }: { address: Address }) {
  return (
    <Card title="User">
      <Find label="User id" value="" find={(user) => user && (location.hash = userLink(address, user))} />
    </Card>
  );
}

function Find({ label, value, find }: { label: string; value: string; find: (text: string) => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    find(String(new FormData(event.currentTarget as HTMLFormElement).get("text") ?? "").trim());
  };
  return (
    <form class="row" onSubmit={submit}>
      <label>
        {label} <input name="text" defaultValue={value} />
      </label>
      <button type="submit">Show</button>
    </form>
  );
}
