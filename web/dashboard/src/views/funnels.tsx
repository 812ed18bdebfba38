/** Funnels: made, seen, compared. */
import { useState } from "preact/hooks";
import { change, linkTo } from "../address";
import type { ViewProps } from "../app";
import { useApi } from "../asking";
import { call, path } from "../calls";
import { Chart } from "../chart";
import { bucket, count, duration, rate } from "../format";
import { Bar, Card, Csv, Figures, Shown, Table } from "../parts";
import { RangeBar, asked, with_ } from "../range";

interface Step {
  name: string;
  type: string;
  match: string;
  value: string;
}

interface Funnel {
  funnel_id: string;
  name: string;
  steps: Step[];
  conversion_window_seconds: number;
  order: string;
}

interface StepFigures {
  step: number;
  name: string;
  people: number;
  conversion_rate: number;
  step_conversion_rate: number;
  drop_off: number;
  median_seconds?: number;
  p90_seconds?: number;
}

interface Analytics {
  funnel_id: string;
  range: { start: string; end: string };
  entries: number;
  conversions: number;
  conversion_rate: number;
  steps: StepFigures[];
  daily?: { date: string; entries: number; conversions: number; conversion_rate: number }[];
  breakdown?: { name: string; entries: number; conversions: number; conversion_rate: number }[];
}

const FUNNELS = "/api/v1/funnels";

export function FunnelsView(properties: ViewProps) {
  return properties.address.item ? <OneFunnel {...properties} /> : <AllFunnels {...properties} />;
}

function AllFunnels({ address, site }: ViewProps) {
  const funnels = useApi<{ results: Funnel[] }>(path(FUNNELS, { website_id: site.site_id, limit: 200 }));
  const admin = site.scope !== "read";
  return (
    <>
      <h1>Funnels</h1>
      <RangeBar from={address} />
      <Card title="Funnels" wide>
        <Shown of={funnels} isEmpty={(one) => one.results.length === 0} empty="There is no funnel yet. Make one below.">
          {(one) => (
            <Table
              label="Funnels"
              rows={one.results}
              name={(row) => row.funnel_id}
              columns={[
                { title: "Funnel", main: true, cell: (row) => <a href={linkTo(address, "funnels", row.funnel_id)}>{row.name}</a> },
                { title: "Steps", main: true, cell: (row) => row.steps.map((step) => step.name).join(" → ") },
                { title: "Within", cell: (row) => duration(row.conversion_window_seconds) },
                { title: "Order", cell: (row) => row.order },
              ]}
            />
          )}
        </Shown>
      </Card>
      {funnels.data && funnels.data.results.length > 1 && <Compare address={address} site={site} funnels={funnels.data.results} />}
      {admin ? <Make site={site.site_id} made={funnels.again} /> : <p class="note">Making funnels needs a key of the scope admin.</p>}
    </>
  );
}

function Make({ site, made }: { site: string; made: () => void }) {
  const empty: Step = { name: "", type: "page", match: "equals", value: "" };
  const [steps, setSteps] = useState<Step[]>([{ ...empty }, { ...empty }]);
  const [said, setSaid] = useState("");
  const put = (index: number, changes: Partial<Step>) => setSteps(steps.map((step, place) => (place === index ? { ...step, ...changes } : step)));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const body = {
      name: given.get("name"),
      website_id: site,
      order: given.get("order"),
      conversion_window_seconds: Math.round(Number(given.get("hours")) * 3600),
      steps: steps.map((step) => ({ ...step, name: step.name || step.value, match: step.type === "video" ? "equals" : step.match })),
    };
    try {
      await call(FUNNELS, { method: "POST", body });
      setSteps([{ ...empty }, { ...empty }]);
      form.reset();
      setSaid(`The funnel ${body.name} is made.`);
      made();
    } catch (error) {
      setSaid(error instanceof Error ? error.message : "That failed.");
    }
  };
  return (
    <Card title="Make a funnel" wide>
      <form class="form" onSubmit={submit}>
        <div class="row">
          <label>
            Name <input name="name" required maxLength={200} />
          </label>
          <label>
            Order
            <select name="order">
              <option value="sequential">In order, others between allowed</option>
              <option value="strict">In order, nothing between</option>
              <option value="any">Any order</option>
            </select>
          </label>
          <label>
            Within (hours) <input name="hours" type="number" min="0.01" max="2160" step="any" defaultValue="24" required />
          </label>
        </div>
        {steps.map((step, index) => (
          <fieldset key={index}>
            <legend>Step {index + 1}</legend>
            <div class="row">
              <label>
                Name <input value={step.name} onInput={(event) => put(index, { name: event.currentTarget.value })} />
              </label>
              <label>
                Type
                <select value={step.type} onChange={(event) => put(index, { type: event.currentTarget.value, value: event.currentTarget.value === "video" ? "start" : "" })}>
                  <option value="page">Page</option>
                  <option value="event">Event</option>
                  <option value="video">Video</option>
                </select>
              </label>
              {step.type === "video" ? (
                <label>
                  Milestone
                  <select value={step.value} onChange={(event) => put(index, { value: event.currentTarget.value })}>
                    {["start", "25", "50", "75", "complete"].map((name) => (
                      <option value={name} key={name}>
                        {/^\d/.test(name) ? `${name} % watched` : name}
                      </option>
                    ))}
                  </select>
                </label>
              ) : (
                <>
                  <label>
                    Match
                    <select value={step.match} onChange={(event) => put(index, { match: event.currentTarget.value })}>
                      {["equals", "prefix", "contains", "regex"].map((name) => (
                        <option value={name} key={name}>
                          {name}
                        </option>
                      ))}
                    </select>
                  </label>
                  <label>
                    Value <input value={step.value} required onInput={(event) => put(index, { value: event.currentTarget.value })} />
                  </label>
                </>
              )}
              {steps.length > 1 && (
                <button type="button" class="quiet" onClick={() => setSteps(steps.filter((_, place) => place !== index))} aria-label={`Remove step ${index + 1}`}>
                  Remove
                </button>
              )}
            </div>
          </fieldset>
        ))}
        <div class="row">
          <button type="button" onClick={() => setSteps([...steps, { ...empty }])}>
            Add a step
          </button>
          <button type="submit" class="primary">
            Make the funnel
          </button>
        </div>
        <p role="status">{said}</p>
      </form>
    </Card>
  );
}

function OneFunnel({ address, site }: ViewProps) {
  const id = encodeURIComponent(address.item);
  const by = address.query.get("by") ?? "";
  const where = path(`${FUNNELS}/${id}/analytics/detailed`, by ? with_(asked(address, false), { breakdown: by }) : asked(address, false));
  const figures = useApi<Analytics>(where);
  const funnel = useApi<Funnel>(`${FUNNELS}/${id}`);
  const [sure, setSure] = useState(false);
  const [said, setSaid] = useState("");
  const remove = async () => {
    try {
      await call(`${FUNNELS}/${id}`, { method: "DELETE" });
      location.hash = linkTo(address, "funnels");
    } catch (error) {
      setSaid(error instanceof Error ? error.message : "That failed.");
    }
  };
  return (
    <>
      <p class="back">
        <a href={linkTo(address, "funnels")}>All funnels</a>
      </p>
      <h1>{funnel.data?.name ?? "Funnel"}</h1>
      <RangeBar from={address} />
      <Card title="Figures" wide actions={<Csv where={where} name={`funnel-${address.item}`} />}>
        <Shown of={figures} isEmpty={(one) => one.entries === 0} empty="Nobody entered this funnel in this range.">
          {(one) => (
            <>
              <Figures
                of={[
                  { label: "Entered", value: count(one.entries) },
                  { label: "Converted", value: count(one.conversions) },
                  { label: "Conversion", value: rate(one.conversion_rate) },
                ]}
              />
              <ol class="steps">
                {one.steps.map((step) => (
                  <li key={step.step}>
                    <Bar share={step.conversion_rate}>
                      <strong>{step.name}</strong>: {count(step.people)} people, {rate(step.conversion_rate)} of all
                      {step.step > (one.steps[0]?.step ?? 0) && (
                        <>
                          , {rate(step.step_conversion_rate)} of the step before, {count(step.drop_off)} lost
                          {typeof step.median_seconds === "number" && step.people > 0 && <>; took {duration(step.median_seconds)} (median)</>}
                        </>
                      )}
                    </Bar>
                  </li>
                ))}
              </ol>
              {one.daily && one.daily.length > 1 && (
                <Chart
                  title="Per day"
                  unit="Day"
                  height={180}
                  points={one.daily.map((day) => bucket(day.date))}
                  series={[
                    { label: "Entered", values: one.daily.map((day) => day.entries), format: count },
                    { label: "Converted", values: one.daily.map((day) => day.conversions), format: count },
                  ]}
                />
              )}
            </>
          )}
        </Shown>
      </Card>
      <Card title="By" wide>
        <label>
          Break down by{" "}
          <select value={by} onChange={(event) => change(address, { by: event.currentTarget.value || null })}>
            <option value="">nothing</option>
            {["country", "source", "channel", "device", "browser", "os", "entry_page"].map((name) => (
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
      {site.scope !== "read" && (
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
      )}
    </>
  );
}

interface Comparison {
  funnels: Analytics[];
  tests: { a: string; b: string; difference: number; z: number; p_value: number }[];
}

const LIKELY = 0.05;

function Compare({ address, funnels }: ViewProps & { funnels: Funnel[] }) {
  const [chosen, setChosen] = useState<string[]>([]);
  const [found, setFound] = useState<Comparison | null>(null);
  const [said, setSaid] = useState("");
  const nameOf = (id: string) => funnels.find((one) => one.funnel_id === id)?.name ?? id;
  const compare = async () => {
    setSaid("Comparing …");
    try {
      setFound(await call<Comparison>(path(`${FUNNELS}/compare`, asked(address, false)), { method: "POST", body: { funnel_ids: chosen } }));
      setSaid("");
    } catch (error) {
      setFound(null);
      setSaid(error instanceof Error ? error.message : "That failed.");
    }
  };
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
