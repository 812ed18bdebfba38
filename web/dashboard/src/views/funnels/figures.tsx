/** The steps of a funnel, as far as people got. */
import { Chart } from "../../chart";
import { buckets, count, duration, rate } from "../../format";
import { Figures } from "../../parts";
import { Bar } from "../../table";
import type { Analytics } from "./shapes";

export function FunnelFigures({ of: one }: { of: Analytics }) {
  return (
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
          points={buckets(one.daily.map((day) => day.date))}
          series={[
            { label: "Entered", values: one.daily.map((day) => day.entries), format: count },
            { label: "Converted", values: one.daily.map((day) => day.conversions), format: count },
          ]}
        />
      )}
    </>
  );
}
