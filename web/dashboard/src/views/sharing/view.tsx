/** Accounts that seem to be shared: alerts, what is trusted, and what other thresholds would have raised. */
import { useActing } from "../../acting";
import { change } from "../../address";
import type { ViewProps } from "../../app";
import { useApi } from "../../asking";
import { call, path } from "../../calls";
import { Attribution, Card, Csv, OnlyAdmin, Shown, Tabs } from "../../parts";
import type { Rows } from "../../report";
import { AlertCard } from "./alert";
import { DryRun } from "./dry_run";
import type { Alert } from "./shapes";
import { SHARING } from "./shapes";
import type { Trusted } from "./trusted";
import { TrustedLists, changeTrusted } from "./trusted";

const STATUS: [string, string][] = [["open", "Open"], ["dismissed", "Dismissed"], ["all", "All"]];
const EVERY = 30_000;

export function SharingView({ address, site }: ViewProps) {
  const id = site.site_id;
  const admin = site.scope !== "read";
  const status = address.query.get("status") ?? "open";
  const where = path(`${SHARING}/alerts`, { website_id: id, status: status === "all" ? undefined : status, limit: 100 });
  const alerts = useApi<Rows<Alert>>(where, EVERY);
  const lists = useApi<Trusted>(admin ? path(`${SHARING}/trusted`, { website_id: id }) : null);
  const dismissing = useActing();
  const trusting = useActing();
  const dismiss = (alert: Alert) => (note: string) =>
    void dismissing.act(async () => {
      const at = path(`${SHARING}/alerts/${encodeURIComponent(alert.id)}/dismiss`, { website_id: id });
      await call(at, { method: "POST", body: note ? { note } : {} });
      alerts.again();
      return `The alert about ${alert.user_id} is dismissed.`;
    });
  const trust = (kind: keyof Trusted, value: string) =>
    void trusting.act(async () => {
      await changeTrusted(id, kind, (values) => [...values, value]);
      lists.again();
      return `${value} is trusted.`;
    });
  return (
    <>
      <h1>Sharing</h1>
      <Card title="Alerts" wide actions={<Csv where={where} name="sharing-alerts" />}>
        <Tabs label="Which alerts" of={STATUS} chosen={status} choose={(name) => change(address, { status: name === "open" ? null : name })} />
        <p role="status">{dismissing.said}</p>
        <Shown of={alerts} isEmpty={(one) => one.results.length === 0} empty={status === "open" ? "No account looks shared. Sessions are looked at within a minute of their start." : "None."}>
          {(one) => (
            <>
              {one.results.map((alert) => (
                <AlertCard
                  key={alert.id}
                  address={address}
                  alert={alert}
                  dismiss={admin ? dismiss(alert) : undefined}
                  trustDevice={admin ? (device) => trust("devices", device) : undefined}
                  trustUser={admin ? () => trust("users", alert.user_id) : undefined}
                />
              ))}
              <Attribution of={one.attribution} />
            </>
          )}
        </Shown>
      </Card>
      {admin ? (
        <>
          <TrustedLists site={id} lists={lists} acting={trusting} />
          <DryRun site={id} />
        </>
      ) : (
        <OnlyAdmin what="Dismissal, trusted lists and the dry run" />
      )}
    </>
  );
}
