/** Playback sessions of a media server, those that go on and those of a user. */
import type { Address } from "../../address";
import { linkTo } from "../../address";
import type { ViewProps } from "../../app";
import { path } from "../../calls";
import { duration, moment } from "../../format";
import { Attribution } from "../../parts";
import type { Rows } from "../../report";
import { List } from "../../report";
import type { Column } from "../../table";

interface Session {
  id: string;
  user_id: string;
  content_id: string;
  title: string | null;
  started_at: string;
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

export const userLink = (address: Address, user: string) => linkTo(address, "media", user);
export const nameOf = (row: { title?: string | null; content_id: string }) => row.title || row.content_id;

const joined = (...parts: (string | null | false)[]) => parts.filter(Boolean).join(", ") || "–";

export function ActiveSessions({ address, site, wide = false, link = false }: ViewProps & { wide?: boolean; link?: boolean }) {
  return (
    <List<Session>
      title="Who watches now"
      wide={wide}
      where={path("/api/v1/analytics/sessions/active", { website_id: site.site_id })}
      every={EVERY}
      actions={link && <a href={linkTo(address, "media")}>Media server</a>}
      empty="Nobody watches at the moment. Media servers report to POST /api/v1/analytics/sessions."
      name={(row) => row.id}
      columns={[
        { title: "User", main: true, cell: (row) => <a href={userLink(address, row.user_id)}>{row.user_id}</a> },
        ...(wide ? COLUMNS : COLUMNS.filter(({ main }) => main)),
      ]}
      foot={placed}
    />
  );
}

export function SessionsOf({ user, site }: { user: string; site: string }) {
  return (
    <List<Session>
      title="Sessions"
      wide
      where={path(`/api/v1/analytics/sessions/user/${encodeURIComponent(user)}`, { website_id: site, limit: 100 })}
      csv={`sessions-${user}`}
      empty="No session of this user is kept."
      name={(row) => row.id}
      columns={[...COLUMNS, { title: "Started", cell: (row) => moment(row.started_at) }]}
      foot={placed}
    />
  );
}

const progress = (row: Session) => (row.runtime_seconds && row.position_seconds ? row.position_seconds / row.runtime_seconds : 0);

const COLUMNS: Column<Session>[] = [
  { title: "Title", main: true, bar: progress, whole: 1, cell: nameOf },
  { title: "Status", main: true, cell: (row) => <span class={`state ${row.status}`}>{row.status}</span> },
  { title: "Played", number: true, cell: (row) => duration(row.duration_seconds) },
  { title: "Device", cell: (row) => joined(row.client_name, row.device_name) },
  { title: "Stream", cell: (row) => joined(row.resolution, row.transcoded && "transcoded") },
  { title: "Place", cell: (row) => joined(row.city, row.country) },
];

/** These lists name no database themselves, and show its places. */
function placed({ results, attribution }: Rows<Session>) {
  return !attribution && results.some((one) => one.country) && <Attribution of="IP Geolocation by DB-IP (https://db-ip.com)" />;
}
