/** Funnels beside each other, and whether they differ by more than chance. */
import { useState } from "preact/hooks";
import { useActing } from "../../acting";
import type { ViewProps } from "../../app";
import { call, path } from "../../calls";
import { count, rate } from "../../format";
import { Card } from "../../parts";
import { asked } from "../../range";
import { Table } from "../../table";
import type { Analytics, Funnel } from "./shapes";
import { FUNNELS } from "./shapes";

interface Comparison {
  funnels: Analytics[];
  tests: { a: string; b: string; difference: number; z: number; p_value: number }[];
}

const LIKELY = 0.05;

export function Compare({ address, funnels }: ViewProps & { funnels: Funnel[] }) {
  const [chosen, setChosen] = useState<string[]>([]);
  const [found, setFound] = useState<Comparison | null>(null);
  const { said, act } = useActing();
  const nameOf = (id: string) => funnels.find((one) => one.funnel_id === id)?.name ?? id;
  const compare = () =>
    act(async () => {
      setFound(null);
      setFound(await call<Comparison>(path(`${FUNNELS}/compare`, asked(address, false)), { method: "POST", body: { funnel_ids: chosen } }));
      return "";
    }, "Comparing …");
  return (
    <Card title="Compare" wide>
      <div class="row">
        {funnels.map((one) => (
          <label class="check" key={one.funnel_id}>
            <input
              type="checkbox"
              checked={chosen.includes(one.funnel_id)}
              onChange={(event) => setChosen(event.currentTarget.checked ? [...chosen, one.funnel_id] : chosen.filter((id) => id !== one.funnel_id))}
            />
            {one.name}
          </label>
        ))}
        <button type="button" disabled={chosen.length < 2} onClick={() => void compare()}>
          Compare
        </button>
      </div>
      <p role="status">{said}</p>
      {found && (
        <>
          <Table
            label="Funnels compared"
            rows={found.funnels}
            name={(row) => row.funnel_id}
            columns={[
              { title: "Funnel", main: true, cell: (row) => nameOf(row.funnel_id) },
              { title: "Entered", number: true, main: true, cell: (row) => count(row.entries) },
              { title: "Converted", number: true, main: true, cell: (row) => count(row.conversions) },
              { title: "Conversion", number: true, main: true, cell: (row) => rate(row.conversion_rate) },
            ]}
          />
          <ul>
            {found.tests.map((one) => (
              <li key={`${one.a} ${one.b}`}>
                {nameOf(one.a)} and {nameOf(one.b)} differ by {(one.difference * 100).toFixed(1)} points (p = {one.p_value.toFixed(3)}):{" "}
                {one.p_value < LIKELY ? "hardly by chance." : "this may be chance."}
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}
