/** A media server: who watches now, what was watched, libraries and users. */
import { useState } from "preact/hooks";
import type { Address } from "../address";
import { change, linkTo } from "../address";
import type { ViewProps } from "../app";
import { useApi } from "../asking";
import { path } from "../calls";
import { Chart } from "../chart";
import { bucket, count, duration, exact, moment } from "../format";
import { Bar, Card, Csv, Figures, Shown, Table, Tabs } from "../parts";
import { RangeBar, asked, with_ } from "../range";

export interface Session {
  id: string;
  user_id: string;
  content_type: string;
  content_id: string;
  title: string | null;
  started_at: string;
  ended_at: string | null;
  duration_seconds: number;
  client_name: string;
  device_name: string;
  transcoded: boolean;
  resolution: string;
  status: string;
  position_seconds: number | null;
  runtime_seconds: number | null;
  country: string | null;
  city: string | null;
}

const EVERY = 10_000;

const userLink = (address: Address, user: string) => linkTo({ ...address, query: address.query }, "media", user);
const nameOf = (row: { title?: string | null; content_id: string }) => row.title || row.content_id;
const placeOf = (row: Session) => [row.city, row.country].filter(Boolean).join(", ") || "–";

export function Attribution({ sessions }: { sessions: Session[] }) {
  return sessions.some((one) => one.country) ? (
    <p class="hint">
      <a href="https://db-ip.com" rel="noopener noreferrer" target="_blank">
        IP Geolocation by DB-IP
      </a>
    </p>
  ) : null;
}

export function ActiveSessions({ address, site }: ViewProps) {
  const active = useApi<{ results: Session[] }>(path("/api/v1/analytics/sessions/active", { website_id: site.site_id }), EVERY);
  return (
    <Shown of={active} isEmpty={(one) => one.results.length === 0} empty="Nobody watches at the moment. Media servers report to POST /api/v1/analytics/sessions.">
      {(one) => (
        <>
          <SessionTable address={address} sessions={one.results} label="Who watches now" />
          <Attribution sessions={one.results} />
        </>
      )}
    </Shown>
  );
}

function SessionTable({ address, sessions, label, user = true }: { address: Address; sessions: Session[]; label: string; user?: boolean }) {
  return (
    <Table
      label={label}
      rows={sessions}
      name={(row) => row.id}
      columns={[
        ...(user ? [{ title: "User", main: true, cell: (row: Session) => <a href={userLink(address, row.user_id)}>{row.user_id}</a> }] : []),
        {
          title: "Title",
          main: true,
          cell: (row) => <Bar share={row.runtime_seconds && row.position_seconds ? row.position_seconds / row.runtime_seconds : 0}>{nameOf(row)}</Bar>,
        },
        { title: "Status", main: true, cell: (row) => <span class={`state ${row.status}`}>{row.status}</span> },
        { title: "Played", number: true, cell: (row) => duration(row.duration_seconds) },
        { title: "Device", cell: (row) => [row.client_name, row.device_name].filter(Boolean).join(", ") || "–" },
        { title: "Stream", cell: (row) => [row.resolution, row.transcoded ? "transcoded" : ""].filter(Boolean).join(", ") || "–" },
        { title: "Place", cell: placeOf },
        ...(user ? [] : [{ title: "Started", cell: (row: Session) => moment(row.started_at) }]),
      ]}
    />
  );
}

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
  const server = useApi<ServerFigures>(path("/api/v1/analytics/server", { website_id: site.site_id }));
  return (
    <>
      <h1>Media server</h1>
      <Card title="Who watches now" wide>
        <ActiveSessions address={address} site={site} />
      </Card>
      <Card title="The server" wide>
        <Shown of={server}>
          {(one) => (
            <Figures
              of={[
                { label: "Libraries", value: count(one.total_libraries) },
                { label: "Items", value: count(one.total_items) },
                { label: "Size", value: `${exact(one.total_size_gb)} GB` },
                { label: "Users", value: count(one.total_users) },
                { label: "Active in 24 h", value: count(one.active_users_24h) },
                { label: "Plays", value: count(one.total_plays) },
                { label: "Watched", value: `${exact(one.total_watch_hours)} h` },
              ]}
            />
          )}
        </Shown>
      </Card>
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
  const where = path("/api/v1/analytics/stats/daily", with_(asked(address, false), { website_id: site.site_id }));
  const days = useApi<{ results: DailyStat[] }>(where);
  return (
    <Card title="History" wide actions={<Csv where={where} name="stats-daily" />}>
      <Shown of={days} isEmpty={(one) => one.results.every((day) => day.total_sessions === 0)} empty="No session in this range.">
        {(one) => {
          const sum = (pick: (day: DailyStat) => number) => one.results.reduce((total, day) => total + pick(day), 0);
          return (
            <>
              <Figures
                of={[
                  { label: "Sessions", value: count(sum((day) => day.total_sessions)) },
                  { label: "Played", value: duration(sum((day) => day.total_duration_minutes) * 60) },
                  { label: "Transcoded", value: count(sum((day) => day.transcoded_sessions)) },
                  { label: "Streamed", value: `${exact(sum((day) => day.total_bandwidth_gb))} GB` },
                ]}
              />
              <Chart
                title="Sessions and users"
                unit="Day"
                points={one.results.map((day) => bucket(day.date))}
                series={[
                  { label: "Sessions", values: one.results.map((day) => day.total_sessions), format: count },
                  { label: "Users", values: one.results.map((day) => day.unique_users), format: count },
                ]}
              />
            </>
          );
        }}
      </Shown>
    </Card>
  );
}

const WINDOWS: [string, string][] = [["day", "Day"], ["week", "Week"], ["month", "Month"], ["year", "Year"], ["all", "All"]];

interface PopularRow {
  content_id: string;
  title: string | null;
  content_type: string;
  plays: number;
  unique_users: number;
  watch_hours: number;
}

function Popular({ site }: { site: string }) {
  const [window, setWindow] = useState("week");
  const where = path("/api/v1/analytics/popular", { window, website_id: site });
  const popular = useApi<{ results: PopularRow[] }>(where);
  return (
    <Card title="Most watched" actions={<Csv where={where} name={`popular-${window}`} />}>
      <Tabs label="Time" of={WINDOWS} chosen={window} choose={setWindow} />
      <Shown of={popular} isEmpty={(one) => one.results.length === 0} empty="Nothing was played in this time. A play is a session of at least two minutes.">
        {(one) => (
          <Table
            label="Most watched"
            rows={one.results}
            name={(row) => row.content_id}
            columns={[
              { title: "Title", main: true, cell: (row) => <Bar share={row.plays / (one.results[0]?.plays || 1)}>{nameOf(row)}</Bar> },
              { title: "Kind", cell: (row) => row.content_type },
              { title: "Plays", number: true, main: true, cell: (row) => count(row.plays) },
              { title: "Users", number: true, main: true, cell: (row) => count(row.unique_users) },
              { title: "Hours", number: true, cell: (row) => exact(row.watch_hours) },
            ]}
          />
        )}
      </Shown>
    </Card>
  );
}

function Genres({ site }: { site: string }) {
  const [window, setWindow] = useState("all");
  const where = path("/api/v1/analytics/genres", { window, website_id: site });
  const genres = useApi<{ results: { genre: string; plays: number; unique_users: number; watch_hours: number }[] }>(where);
  return (
    <Card title="Genres" actions={<Csv where={where} name={`genres-${window}`} />}>
      <Tabs label="Time" of={WINDOWS} chosen={window} choose={setWindow} />
      <Shown of={genres} isEmpty={(one) => one.results.length === 0} empty="No plays of items with a genre. Genres come with PUT /api/v1/catalog/items.">
        {(one) => (
          <Table
            label="Genres"
            rows={one.results}
            name={(row) => row.genre}
            columns={[
              { title: "Genre", main: true, cell: (row) => <Bar share={row.plays / (one.results[0]?.plays || 1)}>{row.genre}</Bar> },
              { title: "Plays", number: true, main: true, cell: (row) => count(row.plays) },
              { title: "Users", number: true, cell: (row) => count(row.unique_users) },
              { title: "Hours", number: true, main: true, cell: (row) => exact(row.watch_hours) },
            ]}
          />
        )}
      </Shown>
    </Card>
  );
}

interface LibraryFigures {
  library_id: string;
  name: string | null;
  type: string | null;
  total_items: number;
  total_size_gb: number;
  total_plays: number;
  total_watch_hours: number;
  unique_users: number;
  last_played_at: string | null;
}

function Library({ address, site }: ViewProps) {
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

function FindUser({ address }: { address: Address }) {
  return (
    <Card title="User">
      <Find label="User id" value="" find={(user) => user && (location.hash = userLink(address, user))} />
    </Card>
  );
}

function Find({ label, value, find }: { label: string; value: string; find: (text: string) => void }) {
  return (
    <form
      class="find"
      onSubmit={(event) => {
        event.preventDefault();
        find(String(new FormData(event.currentTarget as HTMLFormElement).get("text") ?? "").trim());
      }}
    >
      <label>
        {label} <input name="text" defaultValue={value} />
      </label>
      <button type="submit">Show</button>
    </form>
  );
}

interface UserFigures {
  user_id: string;
  plays: number;
  watch_hours: number;
  last_seen_at: string | null;
  top_genres: unknown[];
  top_types: unknown[];
  devices: unknown[];
  daily: { date: string; plays: number; watch_hours: number; engagement_score: number }[];
}

function OneUser({ address, site }: ViewProps) {
  const id = encodeURIComponent(address.item);
  const figures = useApi<UserFigures>(path(`/api/v1/analytics/users/${id}`, with_(asked(address, false), { website_id: site.site_id })));
  const history = path(`/api/v1/analytics/sessions/user/${id}`, { website_id: site.site_id, limit: 100 });
  const sessions = useApi<{ results: Session[] }>(history);
  return (
    <>
      <p class="back">
        <a href={linkTo(address, "media")}>Media server</a>
      </p>
      <h1>{address.item}</h1>
      <RangeBar from={address} />
      <Card title="Figures" wide>
        <Shown of={figures}>
          {(one) => (
            <>
              <Figures
                of={[
                  { label: "Plays", value: count(one.plays) },
                  { label: "Watched", value: `${exact(one.watch_hours)} h` },
                  { label: "Last seen", value: moment(one.last_seen_at) },
                  { label: "Genres", value: names(one.top_genres) },
                  { label: "Kinds", value: names(one.top_types) },
                  { label: "Devices", value: names(one.devices) },
                ]}
              />
              <Chart
                title="Hours watched"
                unit="Day"
                height={180}
                points={one.daily.map((day) => bucket(day.date))}
                series={[{ label: "Hours", values: one.daily.map((day) => day.watch_hours), format: exact }]}
              />
            </>
          )}
        </Shown>
      </Card>
      <Card title="Sessions" wide actions={<Csv where={history} name={`sessions-${address.item}`} />}>
        <Shown of={sessions} isEmpty={(one) => one.results.length === 0} empty="No session of this user is kept.">
          {(one) => (
            <>
              <SessionTable address={address} sessions={one.results} label="Sessions" user={false} />
              <Attribution sessions={one.results} />
            </>
          )}
        </Shown>
      </Card>
    </>
  );
}

/** The first names of a list whose rows are texts or objects with a name. */
function names(rows: unknown[]): string {
  const texts = rows.slice(0, 3).map((row) => {
    if (typeof row === "string") return row;
    const fields = Object.values((row ?? {}) as Record<string, unknown>);
    return String(fields.find((field) => typeof field === "string" && field) ?? "");
  });
  return texts.filter(Boolean).join(", ") || "–";
}
