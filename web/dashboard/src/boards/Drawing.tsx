import { useCallback, useMemo } from 'react';
import type { Tile } from '../api/boards';
import { Chart, type Colours } from '../charts/Chart';
import { WorldMap } from '../charts/WorldMap';
import { regionNames } from '../site/names';
import { drawnAs, whyNot } from './addable';
import { titleOf } from './called';
import type { Drawn } from './drawn';
import { option } from './options';
import { slicesOf } from './pie';
import { countryOf } from './regions';

/** A tile's figures as a chart. */
export function Drawing({ tile, drawn }: { tile: Tile; drawn: Drawn }) {
  const { answer, dimensions, metric, currency, addable, limit } = drawn;
  // Each part on its own, so that the chart is drawn anew only where one of them changed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: dimensions are those of the tile
  const chosen = useCallback(
    (colours: Colours, width: number) =>
      option(tile.chart, { answer, dimensions, metric, currency, addable, limit }, colours, width),
    [tile, answer, metric, currency, addable, limit],
  );
  const rows = useMemo(
    () => answer.results.map((row): [string, number] => [row.dimensions[0] ?? '', row.metrics[0] ?? 0]),
    [answer],
  );
  const names = useMemo(() => regionNames(answer), [answer]);
  const of = countryOf(answer, dimensions);
  if (tile.chart === 'map') return <WorldMap rows={rows} names={names} metric={metric} {...(of && { of })} />;
  const note = noteOf(tile, drawn);
  return (
    <div className="drawing">
      <Chart label={titleOf(tile)} option={chosen} />
      {note && <p className="soft note">{note}</p>}
    </div>
  );
}

/** What the chart does not say by itself. */
function noteOf({ chart }: Tile, drawn: Drawn): string {
  const kind = drawnAs(chart, drawn.addable, drawn.dimensions.length > 1);
  if (kind !== chart) return `Drawn as ${kind === 'bar' ? 'bars' : 'lines'}: ${whyNot(drawn.metric)}.`;
  return kind === 'pie' ? slicesOf(drawn).note : '';
}
