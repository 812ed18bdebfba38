/** Alerts of shared accounts: what was seen, dismissal, and what other thresholds would have raised. */
import { useState } from "preact/hooks";
import { change, linkTo } from "../address";
import type { ViewProps } from "../app";
import { useApi } from "../asking";
import { call, path } from "../calls";
import { moment } from "../format";
import { Card, Csv, Shown, Tabs } from "../parts";

interface Alert {
  id: string;
  user_id: string;
  alert_type: string;
  severity: string;
  evidence: unknown;
  status: string;
  created_at: string;
}

interface Alerts {
  results: Alert[];
  next_cursor: string | null;
  attribution?: string | null;
}

const RULES: Record<string, string> = {
  concurrent_streams: "More streams at once than allowed",
  geo_impossible: "In two places at once",
  device_spike: "Many new devices in a day",
};

export function SharingView({ address, site }: ViewProps) {
  const status = address.query.get("status") ?? "open";
  const where = path("/api/v1/analytics/sharing/alerts", { website_id: site.site_id, status: status === "all" ? undefined : status, limit: 100 });
  const alerts = useApi<Alerts>(where);
  const [said, setSaid] = useState("");
  const admin = site.scope !== "read";
  const dismiss = async (alert: Alert) => {
    try {
      await call(path(`/api/v1/analytics/sharing/alerts/${encodeURIComponent(alert.id)}/dismiss`, { website_id: site.site_id }), { method: "POST" });
      setSaid(`The alert about ${alert.user_id} is dismissed.`);
      alerts.again();
    } catch (error) {
      setSaid(error instanceof Error ? error.message : "That failed.");
    }
  };
  return (
    <>
      <h1>Sharing</h1>
      <Card title="Alerts" wide actions={<Csv where={where} name="sharing-alerts" />}>
        <Tabs label="Which alerts" of={[["open", "Open"], ["dismissed", "Dismissed"], ["all", "All"]]} chosen={status} choose={(name) => change(address, { status: name === "open" ? null : name })} />
        <p role="status">{said}</p>
        <Shown of={alerts} isEmpty={(one) => one.results.length === 0} empty={status === "open" ? "No account looks shared. Sessions are looked at every few minutes." : "None."}>
          {(one) => (
            <>
              {one.results.map((alert) => (
                <article class="alert" key={alert.id} aria-label={`${RULES[alert.alert_type] ?? alert.alert_type}: ${alert.user_id}`}>
                  <h3>
                    <a href={linkTo(address, "media", alert.user_id)}>{alert.user_id}</a>: {RULES[alert.alert_type] ?? alert.alert_type}
                  </h3>
                  <p class="hint">
                    Severity <span class={`state ${alert.severity}`}>{alert.severity}</span> · {alert.status} · {moment(alert.created_at)}
                  </p>
                  <details>
                    <summary>Evidence</summary>
                    <Evidence of={alert.evidence} />
                  </details>
                  {admin && alert.status === "open" && (
                    <p>
                      <button type="button" onClick={() => void dismiss(alert)} aria-label={`Dismiss the alert about ${alert.user_id}`}>
                        Dismiss
                      </button>
                    </p>
                  )}
                </article>
              ))}
              {one.attribution && (
                <p class="hint">
                  <a href="https://db-ip.com" rel="noopener noreferrer" target="_blank">
                    IP Geolocation by DB-IP
                  </a>
                </p>
              )}
            </>
          )}
        </Shown>
      </Card>
      {admin ? <DryRun site={site.site_id} /> : <p class="note">Dismissal and the dry run need a key of the scope admin.</p>}
    </>
  );
}

/** Evidence as it stands: nested lists of names and values. */
export function Evidence({ of }: { of: unknown }) {
  if (Array.isArray(of))
    return (
      <ol>
        {of.map((one, index) => (
          <li key={index}>
            <Evidence of={one} />
          </li>
        ))}
      </ol>
    );
  if (of !== null && typeof of === "object")
    return (
      <ul>
        {Object.entries(of)
          .filter(([, value]) => value !== null && value !== "")
          .map(([name, value]) => (
            <li key={name}>
              {name.replace(/_/g, " ")}: <Evidence of={value} />
            </li>
          ))}
      </ul>
    );
  return <>{typeof of === "string" && /^\d{4}-\d\d-\d\dT/.test(of) ? moment(of) : String(of)}</>;
}

interface Tried {
  total: number;
  results: Omit<Alert, "id">[];
}

const THRESHOLDS: [string, string, number][] = [
  ["concurrent_streams_threshold", "Streams at once", 3],
  ["geo_distance_threshold_km", "Distance (km)", 500],
  ["geo_speed_threshold_kmh", "Speed (km/h)", 900],
  ["device_spike_threshold", "New devices a day", 5],
];

function DryRun({ site }: { site: string }) {
  const [tried, setTried] = useState<Tried | null>(null);
  const [said, setSaid] = useState("");
  const run = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const thresholds = Object.fromEntries(THRESHOLDS.map(([name]) => [name, Number(form.get(name))]));
    setSaid("Replaying past sessions …");
    try {
      const body = { startDate: form.get("startDate"), endDate: form.get("endDate"), thresholds };
      setTried(await call<Tried>(path("/api/v1/analytics/sharing/dry-run", { website_id: site }), { method: "POST", body }));
      setSaid("");
    } catch (error) {
      setTried(null);
      setSaid(error instanceof Error ? error.message : "That failed.");
    }
  };
  const found = tried?.results ?? [];
  const day = (before: number) => new Date(Date.now() - before * 86_400_000).toISOString().slice(0, 10);
  return (
    <Card title="Dry run" wide>
      <p class="hint">Replays thresholds over past days: what would have been raised, and for whom. Nothing is raised, and nobody is told.</p>
      <form class="row" onSubmit={run}>
        <label>
          First day <input type="date" name="startDate" required defaultValue={day(29)} />
        </label>
        <label>
          Last day <input type="date" name="endDate" required defaultValue={day(0)} />
        </label>
        {THRESHOLDS.map(([name, label, value]) => (
          <label key={name}>
            {label} <input type="number" name={name} min="1" required defaultValue={String(value)} />
          </label>
        ))}
        <button type="submit" class="primary">
          Try
        </button>
      </form>
      <p role="status">{said || (tried ? `${tried.total} alerts would have been raised.` : "")}</p>
      {found.map((alert, index) => (
        <details key={index}>
          <summary>
            {alert.user_id}: {RULES[alert.alert_type] ?? alert.alert_type} ({alert.severity})
          </summary>
          <Evidence of={alert.evidence} />
        </details>
      ))}
    </Card>
  );
}
