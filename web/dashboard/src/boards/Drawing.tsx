import { useCallback, useMemo } from 'react';
import type { Tile } from '../api/boards';
import { Chart, type Colours } from '../charts/Chart';
import { WorldMap } from '../charts/WorldMap';
import { named } from '../site/names';
import { type Drawn, option } from './options';

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
  if (tile.chart === 'map') return <WorldMap rows={rows} metric={metric} />;
  return <Chart label={tile.title || named(metric)} option={chosen} />;
}
