import { useCallback } from 'react';
import { Chart, type Colours } from './Chart';
import { countries } from './map';

const prepare = () => import('./world').then(() => undefined);

export function WorldMap({ rows, choose }: { rows: [string, number][]; choose?: (code: string) => void }) {
  const option = useCallback((colours: Colours) => countries(rows, colours), [rows]);
  return <Chart label="Visitors by country" kind="map" option={option} prepare={prepare} choose={choose} />;
}
