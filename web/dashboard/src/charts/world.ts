import codes from 'i18n-iso-countries/codes.json';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import world from 'world-atlas/countries-110m.json';
import { registerMap } from './echarts';
import { flat } from './flat';

/** Natural Earth's countries, named by their ISO 3166-1 alpha-2 codes. Antarctica has no visitors. */
const alpha2 = new Map(codes.map(([two = '', , numeric = '']) => [numeric, two]));
const topology = world as unknown as Topology<{ countries: GeometryCollection }>;
const features = feature(topology, topology.objects.countries)
  .features.filter((country) => country.id !== '010')
  .map((country) => ({
    ...country,
    geometry: flat(country.geometry),
    properties: { name: alpha2.get(String(country.id)) ?? '' },
  }));

/** The middle of a country's largest part, as longitude and latitude. */
export function centre(code: string): [number, number] | undefined {
  const geometry = features.find(({ properties }) => properties.name === code)?.geometry;
  const rings =
    geometry?.type === 'Polygon'
      ? [geometry.coordinates[0]]
      : geometry?.type === 'MultiPolygon'
        ? geometry.coordinates.map((part) => part[0])
        : [];
  const boxes = rings.flatMap((ring) => (ring ? [box(ring)] : []));
  boxes.sort((one, other) => other.width * other.height - one.width * one.height);
  const [largest] = boxes;
  return largest && [largest.left + largest.width / 2, largest.bottom + largest.height / 2];
}

function box(ring: number[][]) {
  const longitudes = ring.map(([longitude = 0]) => longitude);
  const latitudes = ring.map(([, latitude = 0]) => latitude);
  const [left, bottom] = [Math.min(...longitudes), Math.min(...latitudes)];
  return { left, bottom, width: Math.max(...longitudes) - left, height: Math.max(...latitudes) - bottom };
}

registerMap('world', JSON.stringify({ type: 'FeatureCollection', features }));
