import { useCallback } from 'react';
import { Chart, type Colours } from './Chart';
import { areas } from './map';

/** Countries whose regions there is a map of. */
export const WITH_REGIONS = new Set(['AU', 'BR', 'CA', 'US']);

const world = () => import('./world').then(() => undefined);
const regions = () => import('./regions').then(() => undefined);

interface Props {
  rows: [string, number][];
  /** The country whose regions they are; countries of the world without one. */
  of?: string;
  /** What regions are called. */
  names?: ReadonlyMap<string, string>;
  metric?: string;
  choose?: (code: string) => void;
}

export function WorldMap({ rows, of, names, metric, choose }: Props) {
  const option = useCallback(
    (colours: Colours) =>
      of
        ? areas(
            {
              map: `regions of ${of}`,
              rows,
              metric,
              name: (code) => names?.get(code) ?? (code.slice(3) || code),
            },
            colours,
          )
        : areas({ map: 'world', rows, metric }, colours),
    [rows, of, names, metric],
  );
  return (
    <Chart
      key={of ?? ''}
      label={of ? 'Visitors by region' : 'Visitors by country'}
      kind="map"
      option={option}
      prepare={of ? regions : world}
      {...(choose && { choose })}
    />
  );
}
