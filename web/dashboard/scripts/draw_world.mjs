// Draws public/assets/world.svg, the outline behind places: Natural Earth's land (public domain) in whole degrees,
// from 84° north to 58° south. Run it by hand: `node scripts/draw_world.mjs`.
import { readFileSync, writeFileSync } from "node:fs";
import { feature } from "topojson-client";

const NORTH = 84;
const SOUTH = -58;
const SMALLEST = 4; // points; smaller islands are dots at this size

const world = JSON.parse(readFileSync(new URL("../node_modules/world-atlas/land-110m.json", import.meta.url)));
const rings = feature(world, world.objects.land).features.flatMap(({ geometry }) => geometry.coordinates.map(([outer]) => outer));

const outlines = rings
  .filter((ring) => ring.some(([, latitude]) => latitude > SOUTH))
  .map((ring) => ring.map(([longitude, latitude]) => [Math.round(longitude) + 180, NORTH - Math.round(latitude)]))
  .map((ring) => ring.filter(([x, y], place) => place === 0 || x !== ring[place - 1][0] || y !== ring[place - 1][1]))
  .filter((ring) => ring.length >= SMALLEST)
  .map((ring) => ring.map(([x, y], place) => (place === 0 ? `M${x} ${y}l` : `${x - ring[place - 1][0]} ${y - ring[place - 1][1]}`)).join(" ") + "z");

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 ${NORTH - SOUTH}"><path fill="#8b91a7" fill-opacity=".38" d="${outlines.join("")}"/></svg>\n`;
writeFileSync(new URL("../public/assets/world.svg", import.meta.url), svg);
