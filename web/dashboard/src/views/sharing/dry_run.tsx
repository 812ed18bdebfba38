/** What other thresholds would have raised over past days. */
import { useState } from "preact/hooks";
import { useActing } from "../../acting";
import { call, path } from "../../calls";
import { dayBefore } from "../../format";
import { Attribution, Card } from "../../parts";
import { Evidence } from "./evidence";
import type { Alert } from "./shapes";
import { RULES, SHARING } from "./shapes";

interface Tried {
  total: number;
  users: { user_id: string; alerts: number }[];
  results: Alert[];
  attribution?: string | null;
}

const THRESHOLDS: [string, string, number][] = [
  ["concurrent_streams_threshold", "Streams at once", 3],
  ["geo_distance_threshold_km", "Distance (km)", 500],
  ["geo_speed_threshold_kmh", "Speed (km/h)", 900],
  ["device_spike_threshold", "New devices a day", 5],
];

export function DryRun({ site }: { site: string }) {
  const [tried, setTried] = useState<Tried | null>(null);
  const { said, busy, act } = useActing();
  const run = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const thresholds = Object.fromEntries(THRESHOLDS.map(([name]) => [name, Number(form.get(name))]));
    const body = { startDate: form.get("startDate"), endDate: form.get("endDate"), thresholds };
    void act(async () => {
      setTried(null);
      const found = await call<Tried>(path(`${SHARING}/dry-run`, { website_id: site }), { method: "POST", body });
      setTried(found);
      return `${found.total} alerts would have been raised, about ${found.users.length} users.`;
    }, "Replaying past sessions …");
  };
  return (
    <Card title="Dry run" wide>
      <p class="hint">Replays thresholds over past days: what would have been raised, and for whom. Nothing is raised, and nobody is told.</p>
      <form class="row" onSubmit={run}>
        <label>
          First day <input type="date" name="startDate" required defaultValue={dayBefore(29)} />
        </label>
        <label>
          Last day <input type="date" name="endDate" required defaultValue={dayBefore()} />
        </label>
        {THRESHOLDS.map(([name, label, value]) => (
          <label key={name}>
            {label} <input type="number" name={name} min="1" required defaultValue={String(value)} />
          </label>
        ))}
        <button type="submit" class="primary" disabled={busy}>
          Try
        </button>
      </form>
      <p role="status">{said}</p>
      {tried?.results.map((alert, index) => (
        <details class="alert" key={index}>
          <summary>
            {alert.user_id}: {RULES[alert.alert_type]} ({alert.severity})
          </summary>
          <Evidence of={alert.evidence} />
        </details>
      ))}
      <Attribution of={tried?.results.length ? tried.attribution : null} />
    </Card>
  );
}
