/** How the service is: its stores, what it was sent, and what it refused. */
import { useEffect, useState } from "preact/hooks";
import { useActing } from "../acting";
import type { ViewProps } from "../app";
import { useApi } from "../asking";
import { ApiError, call, path } from "../calls";
import { bucket, count, moment } from "../format";
import { Card, Csv, Failed, OnlyAdmin, Shown } from "../parts";
import { RangeBar, asked, with_ } from "../range";
import { Report } from "../report";
import type { Column } from "../table";
import { Table } from "../table";

interface Health {
  status: string;
  dependencies: Record<string, string>;
}

const MEANING: Record<string, string> = {
  ok: "answers",
  idle: "asleep, wakes up when asked",
  unknown: "nothing tells, which is no alarm",
  away: "does not answer",
};

/** The call answers 503 with the same body when a store is away, so it is asked apart from the others. */
function useHealth(): { health: Health | null; failed: string; again: () => void } {
  const [health, setHealth] = useState<Health | null>(null);
  const [failed, setFailed] = useState("");
  const ask = async () => {
    try {
      const answer = await fetch("/api/metrics/health", { headers: { accept: "application/json" } });
      setHealth((await answer.json()) as Health);
      setFailed("");
    } catch {
      setFailed("The server cannot be reached.");
    }
  };
  useEffect(() => void ask(), []);
  return { health, failed, again: () => void ask() };
}

export function OperationView({ address, site }: ViewProps) {
  const { health, failed, again } = useHealth();
  const admin = site.scope !== "read";
  return (
    <>
      <h1>Operation</h1>
      <Card title="Health" wide actions={<button type="button" class="quiet" onClick={again}>Ask again</button>}>
        {failed && <Failed error={new ApiError(0, failed)} />}
        {health?.dependencies && (
          <Table
            label="Health"
            rows={Object.entries(health.dependencies)}
            name={([name]) => name}
            columns={[
              { title: "Store", main: true, cell: ([name]) => name },
              { title: "State", main: true, cell: ([, state]) => <span class={`state ${state}`}>{state}</span> },
              { title: "Meaning", main: true, cell: ([, state]) => MEANING[state] ?? "" },
            ]}
          />
        )}
      </Card>
      {admin ? (
        <>
          <DeadLetters site={site.site_id} />
          <RangeBar from={address} />
          <Accounting address={address} site={site} />
        </>
      ) : (
        <OnlyAdmin what="Looking at dead letters and the accounting" />
      )}
    </>
  );
}

interface Letter {
  id: string;
  reason: string;
  stage: string;
  received_at: string;
  detail: string | null;
  body: string;
}

function DeadLetters({ site }: { site: string }) {
  const where = path("/api/v1/dead-letters", { website_id: site, limit: 50 });
  const letters = useApi<{ results: Letter[]; total: number }>(where);
  const { said, busy, act } = useActing();
  const replay = (order: Record<string, unknown>) =>
    act(async () => {
      const body = { ...order, website_id: site };
      const done = await call<{ accepted: number; refused: number; expired: number }>("/api/v1/dead-letters/replay", { method: "POST", body });
      letters.again();
      return `${done.accepted} sent again, ${done.refused} refused again, ${done.expired} too old.`;
    }, "Sending …");
  return (
    <Card title="Dead letters" wide actions={<Csv where={where} name="dead-letters" />}>
      <p role="status">{said}</p>
      <Shown of={letters} isEmpty={(one) => one.results.length === 0} empty="None: every event was taken.">
        {(one) => (
          <>
            <p class="hint">
              {count(one.total)} kept; the latest {one.results.length}.
            </p>
            <Table
              label="Dead letters"
              rows={one.results}
              name={(row) => row.id}
              columns={[
                { title: "Received", main: true, cell: (row) => moment(row.received_at) },
                { title: "Reason", main: true, cell: (row) => <span title={row.detail ?? ""}>{row.reason}</span> },
                { title: "Stage", cell: (row) => row.stage },
                {
                  title: "Event",
                  main: true,
                  cell: (row) => (
                    <details>
                      <summary>{row.body.slice(0, 60)}</summary>
                      {row.detail && <p>{row.detail}</p>}
                      <pre tabIndex={0}>{row.body}</pre>
                    </details>
                  ),
                },
                {
                  title: "Again",
                  main: true,
                  cell: (row) => (
                    <button type="button" disabled={busy} onClick={() => void replay({ ids: [row.id] })}>
                      Replay
                    </button>
                  ),
                },
              ]}
            />
          </>
        )}
      </Shown>
    </Card>
  );
}

interface Account {
  hour: string;
  received: number;
  accepted: number;
  stored: number;
  duplicates: number;
  dead_lettered: number;
  in_flight: number;
}

const COLUMNS: Column<Account>[] = [
  { title: "Hour", main: true, cell: (row) => `${bucket(row.hour.slice(0, 10))} ${bucket(row.hour)}` },
  { title: "Received", number: true, main: true, cell: (row) => count(row.received) },
  { title: "Stored", number: true, main: true, cell: (row) => count(row.stored) },
  { title: "Duplicates", number: true, cell: (row) => count(row.duplicates) },
  { title: "Dead letters", number: true, main: true, cell: (row) => count(row.dead_lettered) },
  { title: "In flight", number: true, cell: (row) => count(row.in_flight) },
];
const MOST_HOURS = 200;

function Accounting({ address, site }: ViewProps) {
  return (
    <Report<{ results: Account[] }>
      title="Accounting"
      wide
      where={path("/api/v1/accounting", with_(asked(address, false), { website_id: site.site_id }))}
      csv="accounting"
      isEmpty={(one) => one.results.every((row) => row.received === 0)}
      empty="Nothing was received in this range."
    >
      {({ results }) => {
        const busy = results.filter((row) => row.received > 0).reverse();
        return <Table label="Accounting per hour of receipt" rows={busy.slice(0, MOST_HOURS)} name={(row) => row.hour} columns={COLUMNS} />;
      }}
    </Report>
  );
}
