// Draws public/assets/world.svg, the outline behind places: Natural Earth's land (public domain) in whole degrees,
// from 84° north to 58° south. Run it by hand: `node scripts/draw_world.mjs`.
import { readFileSync, writeFileSync } from "node:fs";
import { feature } from "topojson-client";

const NORTH = 84;
const SOUTH = -58;
const SMALLEST = 4; // points; smaller islands are dots at this size

const world = JSON.parse(readFileSync(new URL("../node_modules/world-atlas/land-110m.json", import.meta.url)));
const rings = feature(world, world.objects.land).features.flatMap(({ geometry }) => geometry.coordinates.map(([outer]) => outer));

/** The ring as points of the drawing. One that crosses the date line goes on beyond its edge. */
function points(ring) {
  let turns = 0;
  return ring.map(([longitude, latitude], place) => {
    const step = place === 0 ? 0 : longitude - ring[place - 1][0];
    if (Math.abs(step) > 180) turns -= Math.sign(step);
    return [Math.round(longitude) + 180 + turns * 360, NORTH - Math.round(latitude)];
  });
}

/** What stands beyond an edge is drawn at the other one too. */
function atBothEdges(ring) {
  const shifted = (by) => ring.map(([x, y]) => [x + by, y]);
  const beyond = (test) => ring.some(([x]) => test(x));
  return [ring, ...(beyond((x) => x > 360) ? [shifted(-360)] : []), ...(beyond((x) => x < 0) ? [shifted(360)] : [])];
}

const outlines = rings
  .filter((ring) => ring.some(([, latitude]) => latitude > SOUTH))
  .map(points)
  .map((ring) => ring.filter(([x, y], place) => place === 0 || x !== ring[place - 1][0] || y !== ring[place - 1][1]))
  .filter((ring) => ring.length >= SMALLEST)
  .flatMap(atBothEdges)
  .map((ring) => ring.map(([x, y], place) => (place === 0 ? `M${x} ${y}l` : `${x - ring[place - 1][0]} ${y - ring[place - 1][1]}`)).join(" ") + "z");

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 ${NORTH - SOUTH}"><path fill="#8b91a7" fill-opacity=".38" d="${outlines.join("")}"/></svg>\n`;
writeFileSync(new URL("../public/assets/world.svg", import.meta.url), svg);
