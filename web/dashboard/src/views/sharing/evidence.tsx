/** Why an alert was raised: what was found, where on the map, on which devices, and how far to trust it. */
import { count, country, duration, moment } from "../../format";
import { Table } from "../../table";
import { PlacesMap } from "./map";
import type { Evidence as Seen, Finding, Place, SeenSession } from "./shapes";
import { RULES } from "./shapes";

interface EvidenceProps {
  of: Seen;
  /** Put a device on the trusted list; left out for those who may not. */
  trust?: ((device: string) => void) | undefined;
}

export function Evidence({ of, trust }: EvidenceProps) {
  const sessions = new Map(of.sessions.map((one) => [one.id, one]));
  const pairs = of.findings.filter((one) => one.distance_km !== undefined).map((one) => one.sessions.map((id) => sessions.get(id)?.place ?? null));
  return (
    <>
      <p>
        Confidence <span class={`state confidence-${of.confidence.level}`}>{of.confidence.level}</span>: {of.confidence.reasons.join("; ")}.
        {of.agreeing_rules.length > 0 && ` Agrees with: ${of.agreeing_rules.map((rule) => RULES[rule as keyof typeof RULES] ?? rule).join("; ")}.`}
      </p>
      <PlacesMap places={of.sessions.map((one) => one.place)} pairs={pairs} />
      <Table
        label="What was found"
        rows={of.findings}
        name={(_, index) => String(index)}
        columns={[
          { title: "When", main: true, cell: (row) => moment(row.from) },
          { title: "What was found", main: true, cell: told },
          { title: "Where", cell: (row) => between(row, sessions) },
        ]}
      />
      {of.findings_total > of.findings.length && <p class="hint">The strongest {of.findings.length} of {count(of.findings_total)}.</p>}
      <Table
        label="Sessions"
        rows={of.sessions}
        name={(row) => row.id}
        columns={[
          { title: "Device", main: true, cell: (row) => [row.device_name || row.device_id, row.client_name].filter(Boolean).join(", ") || "–" },
          { title: "Place", main: true, cell: (row) => placeName(row.place) },
          { title: "From", cell: (row) => moment(row.started_at) },
          { title: "Last seen", cell: (row) => moment(row.last_at) },
          ...(trust ? [{ title: "Trust", main: true, cell: (row: SeenSession) => <TrustDevice session={row} trust={trust} /> }] : []),
        ]}
      />
    </>
  );
}

function TrustDevice({ session, trust }: { session: SeenSession; trust: (device: string) => void }) {
  const device = session.device_id || session.device_name;
  if (!device) return <>–</>;
  return (
    <button type="button" class="quiet" onClick={() => trust(device)} aria-label={`Trust it: ${device}`}>
      Trust it
    </button>
  );
}

const km = (value: number) => `${count(value)} km`;

/** What a finding says, in a sentence. */
function told(one: Finding): string {
  if (one.distance_km !== undefined) {
    const apart = `${km(one.distance_km)} apart, at least ${km(one.reduced_distance_km ?? one.distance_km)}`;
    if (one.overlap_seconds !== undefined) return `${apart}; both played for ${duration(one.overlap_seconds)}`;
    const gap = `${duration(one.gap_seconds ?? 0)} between them`;
    return one.needed_kmh === undefined ? `${apart}; ${gap}` : `${apart}; ${gap}: ${count(one.needed_kmh)} km/h`;
  }
  if (one.new_devices !== undefined) return `${one.new_devices} new devices until ${moment(one.to)}`;
  return `${one.streams ?? 0} streams at once for ${duration(one.seconds ?? 0)}`;
}

function between(one: Finding, sessions: Map<string, SeenSession>): string {
  const names = one.sessions.map((id) => placeName(sessions.get(id)?.place ?? null));
  return [...new Set(names)].join(" – ");
}

function placeName(place: Place | null): string {
  if (!place) return "unknown";
  const name = [place.city, place.country && country(place.country)].filter(Boolean).join(", ") || "unknown";
  return `${name} (± ${km(place.radius_km)})`;
}
