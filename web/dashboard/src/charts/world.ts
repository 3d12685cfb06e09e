import codes from 'i18n-iso-countries/codes.json';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import world from 'world-atlas/countries-110m.json';
import { registerMap } from './echarts';

/** Natural Earth's countries, named by their ISO 3166-1 alpha-2 codes. Antarctica has no visitors. */
const alpha2 = new Map(codes.map(([two = '', , numeric = '']) => [numeric, two]));
const topology = world as unknown as Topology<{ countries: GeometryCollection }>;
const features = feature(topology, topology.objects.countries)
  .features.filter((country) => country.id !== '010')
  .map((country) => ({ ...country, properties: { name: alpha2.get(String(country.id)) ?? '' } }));

registerMap('world', JSON.stringify({ type: 'FeatureCollection', features }));
