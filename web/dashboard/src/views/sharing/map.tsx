/** Places on the outline of the world (`scripts/draw_world.mjs`), and lines between those that were found too far apart. */
import type { Place } from "./shapes";

/** The outline's own measures, in degrees. */
const NORTH = 84;
const HEIGHT = 142;
const KM_PER_DEGREE = 111;
const SMALLEST = 1.6;

interface MapProps {
  places: (Place | null)[];
  pairs: (Place | null)[][];
}

export function PlacesMap({ places, pairs }: MapProps) {
  const known = places.filter((one) => one !== null);
  if (known.length === 0) return null;
  const dots = new Map(known.map((one) => [`${one.latitude} ${one.longitude}`, one]));
  return (
    <div class="map" aria-hidden="true">
      <img src="/assets/world.svg" alt="" width="360" height={HEIGHT} />
      <svg viewBox={`0 0 360 ${HEIGHT}`}>
        {[...new Set(pairs.map(line))].map((d) => (
          <path d={d} key={d} />
        ))}
        {[...dots].map(([key, one]) => (
          <g key={key}>
            <circle class="around" cx={x(one)} cy={y(one)} r={Math.max(SMALLEST, one.radius_km / KM_PER_DEGREE)} />
            <circle cx={x(one)} cy={y(one)} r={SMALLEST} />
          </g>
        ))}
      </svg>
    </div>
  );
}

const x = (place: Place) => place.longitude + 180;
const y = (place: Place) => NORTH - place.latitude;

/** An arc from one place to the other, nothing where one of them is not known. */
function line([from, to]: (Place | null)[]): string {
  if (!from || !to) return "";
  const lift = Math.abs(x(to) - x(from)) / 5;
  return `M${x(from)} ${y(from)}Q${(x(from) + x(to)) / 2} ${(y(from) + y(to)) / 2 - lift} ${x(to)} ${y(to)}`;
}
