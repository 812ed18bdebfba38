/** The goals of a website: who reached them; made and removed by those who may. */
import { useState } from "preact/hooks";
import { useActing } from "../../acting";
import { useApi } from "../../asking";
import { call, path } from "../../calls";
import { count, rate } from "../../format";
import { Card, Csv, Shown } from "../../parts";
import { Table } from "../../table";
import type { Change } from "./figures";
import { compared } from "./lists";

interface Goal {
  goal_id: string;
  name: string;
  type: string;
  match: string;
  value: string;
  visitors: number | null;
  conversion_rate: number | null;
  comparison?: Record<string, Change>;
}

export function Goals({ site, query, admin }: { site: string; query: URLSearchParams; admin: boolean }) {
  const at = `/api/v1/analytics/goals/${encodeURIComponent(site)}`;
  const where = path(at, query);
  const goals = useApi<{ results: Goal[] }>(where);
  const { said, act } = useActing();
  const remove = (goal: Goal) =>
    act(async () => {
      await call(`${at}/${encodeURIComponent(goal.goal_id)}`, { method: "DELETE" });
      goals.again();
      return `The goal ${goal.name} is removed.`;
    });
  return (
    <Card title="Goals" actions={<Csv where={where} name="goals" />}>
      <Shown of={goals} isEmpty={(one) => one.results.length === 0} empty={`There is no goal yet. ${admin ? "Make one below." : ""}`}>
        {(one) => (
          <Table
            label="Goals"
            rows={one.results}
            name={(row) => row.goal_id}
            columns={[
              { title: "Goal", main: true, bar: (row) => row.conversion_rate ?? 0, whole: 1, cell: (row) => <span title={`${row.type} ${row.match} ${row.value}`}>{row.name}</span> },
              { title: "Visitors", number: true, main: true, cell: (row) => (row.visitors === null ? "–" : count(row.visitors)) },
              ...compared(one.results),
              { title: "Conversion", number: true, main: true, cell: (row) => (row.conversion_rate === null ? "–" : rate(row.conversion_rate)) },
              ...(admin
                ? [
                    {
                      title: "Remove",
                      number: true,
                      cell: (row: Goal) => (
                        <button type="button" class="quiet" aria-label={`Remove the goal ${row.name}`} onClick={() => void remove(row)}>
                          ×
                        </button>
                      ),
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Shown>
      <p role="status">{said}</p>
      {admin && <NewGoal at={at} made={goals.again} />}
    </Card>
  );
}

function NewGoal({ at, made }: { at: string; made: () => void }) {
  const [type, setType] = useState("page");
  const { said, busy, act } = useActing();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const body = Object.fromEntries(new FormData(form));
    void act(async () => {
      await call(at, { method: "POST", body });
      form.reset();
      setType("page");
      made();
      return `The goal ${String(body["name"])} is made.`;
    });
  };
  return (
    <details>
      <summary>Make a goal</summary>
      <form class="row" onSubmit={submit}>
        <label>
          Name <input name="name" required maxLength={200} />
        </label>
        <label>
          Reached by
          <select name="type" value={type} onChange={(event) => setType(event.currentTarget.value)}>
            <option value="page">a page</option>
            <option value="event">an event</option>
          </select>
        </label>
        <label>
          which
          <select name="match">
            <option value="equals">is</option>
            <option value="prefix">begins with</option>
            <option value="contains">contains</option>
          </select>
        </label>
        <label>
          Value <input name="value" required maxLength={2000} placeholder={type === "page" ? "/thanks" : "signup"} />
        </label>
        <button type="submit" disabled={busy}>
          Make the goal
        </button>
      </form>
      <p role="status">{said}</p>
    </details>
  );
}
