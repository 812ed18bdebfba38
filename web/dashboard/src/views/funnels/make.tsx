/** Making a funnel. */
import { useState } from "preact/hooks";
import { useActing } from "../../acting";
import { call } from "../../calls";
import { Card } from "../../parts";
import type { Step } from "./shapes";
import { FUNNELS, MATCHES, ORDERS } from "./shapes";

const EMPTY: Step = { name: "", type: "page", match: "equals", value: "" };

export function MakeFunnel({ site, made }: { site: string; made: () => void }) {
  const [steps, setSteps] = useState<Step[]>([{ ...EMPTY }, { ...EMPTY }]);
  const { said, busy, act } = useActing();
  const put = (index: number, changes: Partial<Step>) => setSteps(steps.map((step, place) => (place === index ? { ...step, ...changes } : step)));
  const submit = (event: SubmitEvent) => {
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
    void act(async () => {
      await call(FUNNELS, { method: "POST", body });
      setSteps([{ ...EMPTY }, { ...EMPTY }]);
      form.reset();
      made();
      return `The funnel ${String(body.name)} is made.`;
    });
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
              {Object.entries(ORDERS).map(([name, text]) => (
                <option value={name} key={name}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <label>
            Within (hours) <input name="hours" type="number" min="0.01" max="2160" step="any" defaultValue="24" required />
          </label>
        </div>
        {steps.map((step, index) => (
          <StepFields key={index} number={index + 1} step={step} put={(changes) => put(index, changes)} remove={steps.length > 1 ? () => setSteps(steps.filter((_, place) => place !== index)) : undefined} />
        ))}
        <div class="row">
          <button type="button" onClick={() => setSteps([...steps, { ...EMPTY }])}>
            Add a step
          </button>
          <button type="submit" class="primary" disabled={busy}>
            Make the funnel
          </button>
        </div>
        <p role="status">{said}</p>
      </form>
    </Card>
  );
}

interface StepProps {
  number: number;
  step: Step;
  put: (changes: Partial<Step>) => void;
  remove: (() => void) | undefined;
}

function StepFields({ number, step, put, remove }: StepProps) {
  return (
    <fieldset>
      <legend>Step {number}</legend>
      <div class="row">
        <label>
          Name <input value={step.name} placeholder="as the value" onInput={(event) => put({ name: event.currentTarget.value })} />
        </label>
        <label>
          Type
          <select value={step.type} onChange={(event) => put({ type: event.currentTarget.value, value: event.currentTarget.value === "video" ? "start" : "" })}>
            <option value="page">Page</option>
            <option value="event">Event</option>
            <option value="video">Video</option>
          </select>
        </label>
        {step.type === "video" ? (
          <label>
            Milestone
            <select value={step.value} onChange={(event) => put({ value: event.currentTarget.value })}>
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
              <select value={step.match} onChange={(event) => put({ match: event.currentTarget.value })}>
                {Object.entries(MATCHES).map(([name, text]) => (
                  <option value={name} key={name}>
                    {text}
                  </option>
                ))}
              </select>
            </label>
            <label>
              Value <input value={step.value} required placeholder={step.type === "page" ? "/pricing" : "signup"} onInput={(event) => put({ value: event.currentTarget.value })} />
            </label>
          </>
        )}
        {remove && (
          <button type="button" class="quiet" onClick={remove} aria-label={`Remove step ${number}`}>
            Remove
          </button>
        )}
      </div>
    </fieldset>
  );
}
