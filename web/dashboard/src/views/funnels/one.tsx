/** One funnel: how many go how far, by what, and how fast. */
import { useState } from "preact/hooks";
import { useActing } from "../../acting";
import { change, linkTo } from "../../address";
import type { ViewProps } from "../../app";
import { useApi } from "../../asking";
import { call, path } from "../../calls";
import { count, rate } from "../../format";
import { Card, Csv, Shown } from "../../parts";
import { RangeBar, asked, with_ } from "../../range";
import { Table } from "../../table";
import { FunnelFigures } from "./figures";
import type { Analytics, Funnel } from "./shapes";
import { FUNNELS } from "./shapes";

const BY = ["country", "source", "channel", "device", "browser", "os", "entry_page"];

export function OneFunnel({ address, site }: ViewProps) {
  const id = encodeURIComponent(address.item);
  const by = address.query.get("by") ?? "";
  const where = path(`${FUNNELS}/${id}/analytics/detailed`, by ? with_(asked(address, false), { breakdown: by }) : asked(address, false));
  const figures = useApi<Analytics>(where);
  const funnel = useApi<Funnel>(`${FUNNELS}/${id}`);
  return (
    <>
      <p class="back">
        <a href={linkTo(address, "funnels")}>All funnels</a>
      </p>
      <h1>{funnel.data?.name ?? "Funnel"}</h1>
      <RangeBar from={address} />
      <Card title="Figures" wide actions={<Csv where={where} name={`funnel-${address.item}`} />}>
        <Shown of={figures} isEmpty={(one) => one.entries === 0} empty="Nobody entered this funnel in this range.">
          {(one) => <FunnelFigures of={one} />}
        </Shown>
      </Card>
      {funnel.data && (
        <Card title="Breakdown" wide>
          <label>
            Break down by{" "}
            <select value={by} onChange={(event) => change(address, { by: event.currentTarget.value || null })}>
              <option value="">nothing</option>
              {BY.map((name) => (
                <option value={name} key={name}>
                  {name.replace("_", " ")}
                </option>
              ))}
            </select>
          </label>
          {figures.data?.breakdown && (
            <Table
              label={`Funnel by ${by}`}
              rows={figures.data.breakdown}
              name={(row) => row.name}
              columns={[
                { title: by, main: true, cell: (row) => row.name || "(unknown)" },
                { title: "Entered", number: true, main: true, cell: (row) => count(row.entries) },
                { title: "Converted", number: true, main: true, cell: (row) => count(row.conversions) },
                { title: "Conversion", number: true, main: true, cell: (row) => rate(row.conversion_rate) },
              ]}
            />
          )}
        </Card>
      )}
      {funnel.data && site.scope !== "read" && <Remove id={id} done={() => (location.hash = linkTo(address, "funnels"))} />}
    </>
  );
}

/** Removes a funnel, once that was said twice. */
function Remove({ id, done }: { id: string; done: () => void }) {
  const [sure, setSure] = useState(false);
  const { said, act } = useActing();
  const remove = () =>
    act(async () => {
      await call(`${FUNNELS}/${id}`, { method: "DELETE" });
      done();
      return "";
    });
  return (
    <p>
      {sure ? (
        <>
          Remove it for good?{" "}
          <button type="button" onClick={() => void remove()}>
            Remove the funnel
          </button>{" "}
          <button type="button" class="quiet" onClick={() => setSure(false)}>
            Keep it
          </button>
        </>
      ) : (
        <button type="button" class="quiet" onClick={() => setSure(true)}>
          Remove this funnel …
        </button>
      )}{" "}
      <span role="status">{said}</span>
    </p>
  );
}
