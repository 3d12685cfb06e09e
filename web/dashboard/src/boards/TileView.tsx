import { Skeleton } from '@mantine/core';
import { useCallback, useState } from 'react';
import type { Tile } from '../api/boards';
import type { QueryAnswer } from '../api/types';
import { Chart, type Colours } from '../charts/Chart';
import { WorldMap } from '../charts/WorldMap';
import { figure } from '../lib/format';
import { named } from '../site/names';
import { Failure, Nothing } from '../ui/Notice';
import { type Drawn, label, option } from './options';

interface Props {
  tile: Tile;
  answer: QueryAnswer | undefined;
  error: Error | null;
  retry: () => void;
  currency: string;
}

/** A tile's contents; every chart has its figures as a table behind a button. */
export function TileView({ tile, answer, error, retry, currency }: Props) {
  const [twin, setTwin] = useState(false);
  if (tile.chart === 'text') return <p className="text">{tile.text}</p>;
  if (error) return <Failure error={error} retry={retry} />;
  if (!answer) return <Skeleton height="100%" aria-label="Loading" />;
  if (answer.results.length === 0) return <Nothing title="Nothing in this time" />;
  const metric = tile.query?.metrics[0] ?? 'visitors';
  const drawn = { answer, dimensions: tile.query?.dimensions ?? [], metric, currency };
  if (tile.chart === 'number')
    return <div className="big">{figure(metric, answer.results[0]?.metrics[0], false, currency)}</div>;
  if (tile.chart === 'table') return <Figures drawn={drawn} />;
  return (
    <>
      {twin ? <Figures drawn={drawn} /> : <Drawing tile={tile} drawn={drawn} />}
      <button type="button" className="plain twin" aria-pressed={twin} onClick={() => setTwin(!twin)}>
        {twin ? 'Chart' : 'Table'}
      </button>
    </>
  );
}

function Drawing({ tile, drawn }: { tile: Tile; drawn: Drawn }) {
  const { answer, dimensions, metric, currency } = drawn;
  // Each part on its own, so that the chart is drawn anew only where one of them changed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: dimensions are those of the tile
  const chosen = useCallback(
    (colours: Colours) => option(tile.chart, { answer, dimensions, metric, currency }, colours),
    [tile, answer, metric, currency],
  );
  if (tile.chart === 'map')
    return <WorldMap rows={answer.results.map((row) => [row.dimensions[0] ?? '', row.metrics[0] ?? 0])} />;
  return <Chart label={tile.title || named(metric)} option={chosen} />;
}

function Figures({ drawn: { answer, dimensions, metric, currency } }: { drawn: Drawn }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="figures" aria-label="Figures" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {dimensions.map((dimension) => (
              <th scope="col" key={dimension}>
                {named(dimension)}
              </th>
            ))}
            <th scope="col">{named(metric)}</th>
          </tr>
        </thead>
        <tbody>
          {answer.results.map((row) => (
            <tr key={row.dimensions.join('\n')}>
              {row.dimensions.map((value, place) => (
                <th scope="row" key={dimensions[place]}>
                  {label(dimensions[place] ?? '', value)}
                </th>
              ))}
              <td>{figure(metric, row.metrics[0], false, currency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
