import { useCallback, useMemo } from 'react';
import type { Tile } from '../api/boards';
import { Chart, type Colours } from '../charts/Chart';
import { WorldMap } from '../charts/WorldMap';
import { named, regionNames } from '../site/names';
import { type Drawn, option } from './options';
import { countryOf } from './regions';

/** A tile's figures as a chart. */
export function Drawing({ tile, drawn }: { tile: Tile; drawn: Drawn }) {
  const { answer, dimensions, metric, currency } = drawn;
  // Each part on its own, so that the chart is drawn anew only where one of them changed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: dimensions are those of the tile
  const chosen = useCallback(
    (colours: Colours) => option(tile.chart, { answer, dimensions, metric, currency }, colours),
    [tile, answer, metric, currency],
  );
  const rows = useMemo(
    () => answer.results.map((row): [string, number] => [row.dimensions[0] ?? '', row.metrics[0] ?? 0]),
    [answer],
  );
  const names = useMemo(() => regionNames(answer), [answer]);
  const of = countryOf(answer, dimensions);
  if (tile.chart === 'map') return <WorldMap rows={rows} names={names} metric={metric} {...(of && { of })} />;
  return <Chart label={tile.title || named(metric)} option={chosen} />;
}
