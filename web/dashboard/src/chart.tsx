/** A time series: drawn by uPlot, and the same figures as a table for those who cannot see or hover it. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

export interface Series {
  label: string;
  values: (number | null)[];
  format: (value: number) => string;
}

interface ChartProps {
  title: string;
  /** Names of the points, as they are to be read. */
  points: string[];
  series: Series[];
  height?: number;
  /** What the points are, for the table. */
  unit: string;
}

const COLOURS = ["--series-1", "--series-2", "--series-3"];
const MOST_ROWS = 400;
/** Steps of an axis of whole numbers: 1, 2, 5, 10, 20, … */
const WHOLE_STEPS = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

export function Chart({ title, points, series, height = 240, unit }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const shape = JSON.stringify([title, height, series.map((one) => one.label)]);
  const plot = useRef<uPlot | null>(null);
  const shown = useRef({ points, series });
  shown.current = { points, series };
  const numbers = (): uPlot.AlignedData => [points.map((_, index) => index), ...series.map((one) => one.values)] as uPlot.AlignedData;

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element, height, shown), numbers(), element);
    };
    make();
    const size = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    size.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", make);
    addEventListener("themechange", make);
    return () => {
      size.disconnect();
      scheme.removeEventListener("change", make);
      removeEventListener("themechange", make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(numbers()), [points, series]);

  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={`${title}: ${summary(points, series)}`} />
      <details>
        <summary>{title} as a table</summary>
        <div class="scroll" tabIndex={0} role="group" aria-label={`${title}, table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">{unit}</th>
                {series.map((one) => (
                  <th scope="col" class="number" key={one.label}>
                    {one.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points.slice(-MOST_ROWS).map((point, index) => {
                const place = Math.max(0, points.length - MOST_ROWS) + index;
                return (
                  <tr key={place}>
                    <th scope="row">{point}</th>
                    {series.map((one) => (
                      <td class="number" key={one.label}>
                        {text(one, one.values[place])}
                      </td>
                    ))}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

function text(series: Series, value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : series.format(value);
}

function summary(points: string[], series: Series[]): string {
  const first = points[0];
  if (first === undefined) return "no points";
  const highest = series.map((one) => {
    const known = one.values.filter((value) => value !== null);
    return `${one.label} at most ${known.length ? one.format(Math.max(...known)) : "none"}`;
  });
  return `${points.length} points from ${first} to ${points.at(-1)}; ${highest.join(", ")}`;
}

function options(element: HTMLElement, height: number, shown: { current: { points: string[]; series: Series[] } }): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const series = shown.current.series;
  const whole = series.every((one) => one.values.every((value) => value === null || Number.isInteger(value)));
  return {
    width: element.clientWidth || 600,
    height,
    padding: [12, 28, 0, 0],
    cursor: { y: false, drag: { x: false, y: false } },
    legend: { live: true },
    scales: { x: { time: false }, y: { range: (_, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      { ...axis, size: 28, space: 70, incrs: [1, 2, 5, 7, 10, 14, 20, 30, 50, 60, 90, 100, 180, 365], values: (_, places) => places.map((place) => shown.current.points[place] ?? "") },
      { ...axis, size: 56, ...(whole ? { incrs: WHOLE_STEPS } : {}), values: (_, values) => values.map((value) => text(series[0] as Series, value)) },
    ],
    series: [
      { label: "", value: (_, place) => (place === null ? "" : (shown.current.points[place] ?? "")) },
      ...series.map((one, index) => ({
        label: one.label,
        stroke: colour(COLOURS[index % COLOURS.length] as string),
        width: 2,
        ...(index === 0 ? { fill: colour("--series-fill") } : {}),
        points: { show: () => shown.current.points.length < 2 },
        // Nothing is pointed at: the name alone.
        value: (_: uPlot, value: number | null) => (value === null ? "" : text(one, value)),
      })),
    ],
  };
}
