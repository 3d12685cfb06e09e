import { Skeleton } from '@mantine/core';
import { useMemo } from 'react';
import type { QueryAnswer } from '../api/types';
import { WorldMap } from '../charts/WorldMap';
import { countryName, figure } from '../lib/format';
import { useAnswer } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { useSiteView } from './context';
import type { PanelKind } from './panels';

const ROWS = 9;

export const rowName = (dimension: string, value: string) =>
  dimension === 'visit:country' ? countryName(value) : value || '(none)';

export function Panel({ kind }: { kind: PanelKind }) {
  const view = useSiteView();
  const tab = kind.tabs.find((one) => one.id === view.search.tabs?.[kind.title]) ?? kind.tabs[0];
  const { data, error, refetch } = useAnswer({
    site_id: view.site,
    metrics: ['visitors', 'percentage'],
    date_range: view.range,
    filters: view.filters,
    dimensions: [tab.dimension],
    pagination: { limit: tab.id === 'map' ? 300 : ROWS, offset: 0 },
  });
  return (
    <section className="card panel" aria-label={kind.title}>
      <div className="head">
        <h2>{kind.title}</h2>
        <div className="tabs">
          {kind.tabs.length > 1 &&
            kind.tabs.map((one) => (
              <button
                key={one.id}
                type="button"
                className="plain"
                aria-pressed={one === tab}
                onClick={() => view.change({ tabs: { ...view.search.tabs, [kind.title]: one.id } })}
              >
                {one.label}
              </button>
            ))}
        </div>
      </div>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={310} aria-label="Loading" />
      ) : data.results.length === 0 ? (
        <Nothing title="Nothing in this time">Choose a longer time, or let a filter go.</Nothing>
      ) : (
        <>
          {tab.id === 'map' && <CountryMap answer={data} />}
          <Rows dimension={tab.dimension} answer={data} most={tab.id === 'map' ? 3 : ROWS} />
        </>
      )}
      <div className="foot">
        <button type="button" className="plain" onClick={() => view.change({ open: tab.dimension })}>
          Details of {kind.title.toLowerCase()}
        </button>
      </div>
    </section>
  );
}

function CountryMap({ answer }: { answer: QueryAnswer }) {
  const { filter } = useSiteView();
  const rows = useMemo(
    () => answer.results.map((row): [string, number] => [row.dimensions[0] ?? '', row.metrics[0] ?? 0]),
    [answer],
  );
  return <WorldMap rows={rows} choose={(code) => code && filter('visit:country', code)} />;
}

/** Ranked rows; each is a filter. */
export function Rows({ dimension, answer, most }: { dimension: string; answer: QueryAnswer; most: number }) {
  const view = useSiteView();
  const top = Math.max(1, ...answer.results.map((row) => row.metrics[0] ?? 0));
  const chosen = new Set(
    view.filters.filter(([op, name]) => op === 'is' && name === dimension).flatMap(([, , values]) => values),
  );
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Visitors</th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {answer.results.slice(0, most).map(({ dimensions: [value = ''], metrics }) => (
          <tr key={value}>
            <th scope="row">
              <button
                type="button"
                className="row"
                aria-pressed={chosen.has(value)}
                title={rowName(dimension, value)}
                onClick={() => view.filter(dimension, value)}
              >
                <span className="part" style={{ width: `${(100 * (metrics[0] ?? 0)) / top}%` }} />
                {rowName(dimension, value)}
              </button>
            </th>
            <td>{figure('visitors', metrics[0], true)}</td>
            <td>{figure('percentage', metrics[1])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
