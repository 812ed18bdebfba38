/** One alert: who, what, how bad; dismissed with a note. */
import { useState } from "preact/hooks";
import type { Address } from "../../address";
import { linkTo } from "../../address";
import { moment } from "../../format";
import { Evidence } from "./evidence";
import type { Alert } from "./shapes";
import { RULES } from "./shapes";

interface AlertProps {
  address: Address;
  alert: Alert;
  /** Left out for those who may not. */
  dismiss?: ((note: string) => void) | undefined;
  trustDevice?: ((device: string) => void) | undefined;
  trustUser?: (() => void) | undefined;
}

export function AlertCard({ address, alert, dismiss, trustDevice, trustUser }: AlertProps) {
  const [asked, setAsked] = useState(false);
  const rule = RULES[alert.alert_type];
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    dismiss?.(String(new FormData(event.currentTarget as HTMLFormElement).get("note") ?? "").trim());
  };
  return (
    <article class={`alert ${alert.severity}`} aria-label={`${alert.user_id}: ${rule}`}>
      <h3>
        <a href={linkTo(address, "media", alert.user_id)}>{alert.user_id}</a>: {rule}
      </h3>
      <p class="hint">
        Severity <span class={`state ${alert.severity}`}>{alert.severity}</span> · {alert.status} · since {moment(alert.created_at)}, last {moment(alert.updated_at)}
        {alert.note && <> · “{alert.note}”</>}
      </p>
      <details>
        <summary>Evidence</summary>
        <Evidence of={alert.evidence} trust={trustDevice} />
      </details>
      {dismiss && alert.status === "open" && !asked && (
        <div class="row">
          <button type="button" onClick={() => setAsked(true)} aria-label={`Dismiss the alert about ${alert.user_id}`}>
            Dismiss
          </button>
          {trustUser && (
            <button type="button" class="quiet" onClick={trustUser} aria-label={`Trust this user: ${alert.user_id}`}>
              Trust this user
            </button>
          )}
        </div>
      )}
      {dismiss && asked && alert.status === "open" && (
        <form class="row" onSubmit={submit}>
          <label>
            Why (may stay empty) <input name="note" maxLength={2000} autoFocus />
          </label>
          <button type="submit" class="primary">
            Dismiss it
          </button>
          <button type="button" class="quiet" onClick={() => setAsked(false)}>
            Keep it open
          </button>
        </form>
      )}
    </article>
  );
}
