import { useCallback, useRef } from 'react';
import { countryName, figure } from '../lib/format';
import type { Column } from '../ui/DataTable';
import type { Colours } from './Chart';
import { Figure } from './Figure';
import { areas } from './map';

type Place = (code: string) => [number, number] | undefined;
type Row = [string, number];

interface Props {
  rows: Row[];
  /** Countries where something happened just now, and how often. */
  points: Row[];
}

/** Countries by their visitors, and a point that spreads where an event came from. */
export function ActivityMap({ rows, points }: Props) {
  const place = useRef<Place>(() => undefined);
  const prepare = useCallback(async () => {
    place.current = (await import('./world')).centre;
  }, []);
  const option = useCallback(
    (colours: Colours) => {
      const { series, ...map } = areas({ map: 'world', rows }, colours);
      const spots = points.flatMap(([code, count]) => {
        const at = place.current(code);
        return at ? [{ name: code, value: at, symbolSize: 6 + 3 * Math.min(4, Math.log2(count + 1)) }] : [];
      });
      const point = {
        type: 'effectScatter',
        coordinateSystem: 'geo',
        silent: true,
        color: colours.good,
        rippleEffect: { scale: 3.5, brushType: 'stroke' },
        data: spots,
      };
      return { ...map, series: [...series, point] };
    },
    [rows, points],
  );
  const now = new Map(points);
  const columns: Column<Row>[] = [
    { name: 'Country', cell: ([code]) => countryName(code) },
    { name: 'Visitors', cell: ([, count]) => figure('visitors', count) },
    { name: 'Just now', cell: ([code]) => figure('events', now.get(code) ?? 0) },
  ];
  return (
    <Figure
      name="map"
      label="Visitors by country, with a point where something happens"
      kind="map"
      option={option}
      prepare={prepare}
      columns={columns}
      rows={rows}
      id={([code]) => code}
    />
  );
}
