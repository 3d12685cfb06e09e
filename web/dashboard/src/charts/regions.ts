import regions from 'virtual:regions';
import { feature } from 'topojson-client';
import { registerMap } from './echarts';
import { flat } from './flat';

/** Parts that lie far off are drawn beside the others, as atlases do. */
const BESIDE: Record<string, Record<string, { left: number; top: number; width: number }>> = {
  US: {
    'US-AK': { left: -131, top: 25, width: 15 },
    'US-HI': { left: -110, top: 28, width: 5 },
  },
};

const features = feature(regions, regions.objects.regions).features.map((region) => ({
  ...region,
  geometry: flat(region.geometry),
  properties: { name: String(region.id) },
}));

for (const country of new Set(features.map(({ properties }) => properties.name.slice(0, 2)))) {
  const mine = features.filter(({ properties }) => properties.name.startsWith(`${country}-`));
  const map = JSON.stringify({ type: 'FeatureCollection', features: mine });
  registerMap(`regions of ${country}`, map, BESIDE[country]);
}
