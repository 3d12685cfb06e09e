import { useCallback, useRef } from 'react';
import { Chart, type Colours } from './Chart';
import { countries } from './map';

type Place = (code: string) => [number, number] | undefined;

interface Props {
  rows: [string, number][];
  /** Countries where something happened just now, and how often. */
  points: [string, number][];
}

/** Countries by their visitors, and a point that spreads where an event came from. */
export function ActivityMap({ rows, points }: Props) {
  const place = useRef<Place>(() => undefined);
  const prepare = useCallback(async () => {
    place.current = (await import('./world')).centre;
  }, []);
  const option = useCallback(
    (colours: Colours) => {
      const { series, ...map } = countries(rows, colours);
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
  return (
    <Chart
      label="Visitors by country, with a point where something happens"
      kind="map"
      option={option}
      prepare={prepare}
    />
  );
}
