import { Modal, Skeleton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { query } from '../api/client';
import type { Condition } from '../api/types';
import { saveCsv } from '../lib/csv';
import { figure } from '../lib/format';
import { measured } from '../lib/means';
import { areOfEvents } from '../lib/metrics';
import { useAnswer } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { useReturn } from '../ui/useReturn';
import { useSiteView } from './context';
import { ANY_CASE, isCoded, named, rowName, withNames, withValue } from './names';

const NAMES: Record<string, string> = {
  visitors: 'Visitors',
  visits: 'Visits',
  pageviews: 'Pageviews',
  events: 'Events',
  bounce_rate: 'Bounces',
  visit_duration: 'Duration',
};
const OF_VISITS = ['visitors', 'visits', 'pageviews', 'bounce_rate', 'visit_duration'];
const OF_PAGES = ['visitors', 'visits', 'pageviews'];
const OF_EVENTS = ['visitors', 'visits', 'events'];
const MOST = 1000;
const PAUSE_MS = 250;

type Order = [string, 'asc' | 'desc'];

function howMany(rows: number): string {
  if (rows === 1) return '1 row';
  return `${rows === MOST ? 'The first ' : ''}${figure('visitors', rows)} rows`;
}

function columnsOf(dimension: string, filters: Condition[]): string[] {
  if (areOfEvents(filters)) return OF_EVENTS;
  return dimension.startsWith('visit:') ? OF_VISITS : dimension === 'event:page' ? OF_PAGES : OF_EVENTS;
}

/** One dimension as a large table: sorted and searched by the server, exported as it is shown. */
export function Details({ dimension }: { dimension: string }) {
  const view = useSiteView();
  useReturn();
  const columns = columnsOf(dimension, view.filters);
  const [order, setOrder] = useState<Order>(['visitors', 'desc']);
  const [wanted, setWanted] = useState('');
  const [asked] = useDebouncedValue(wanted.trim(), PAUSE_MS);
  // Countries and regions are stored as codes and searched by their names, here.
  const coded = isCoded(dimension);
  const search: Condition[] = asked && !coded ? [['contains', dimension, [asked], ANY_CASE]] : [];
  const { data, error, refetch } = useAnswer(
    {
      site_id: view.site,
      metrics: columns,
      date_range: view.range,
      filters: [...view.filters, ...withValue(dimension), ...search],
      dimensions: withNames(dimension),
      order_by: [order],
      pagination: { limit: MOST, offset: 0 },
    },
    query,
  );
  const fits = ([value = '', name]: string[]) =>
    (name ?? rowName(dimension, value)).toLowerCase().includes(asked.toLowerCase());
  const rows = (data?.results ?? [])
    .filter((row) => !coded || fits(row.dimensions))
    .map((row) => ({ ...row, metrics: measured(columns, row.metrics) }));
  const sort = (column: string) =>
    setOrder(([by, way]) => [column, by === column && way === 'desc' ? 'asc' : 'desc']);
  return (
    <Modal
      opened
      onClose={() => view.change({ open: undefined })}
      size="xl"
      title={`Details: ${named(dimension)}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
      lockScroll={false}
    >
      <div className="tools">
        <input
          type="search"
          aria-label="Search the rows"
          placeholder="Search"
          data-autofocus={matchMedia('(pointer: fine)').matches || undefined}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <span className="grow">{data && howMany(rows.length)}</span>
        <button
          type="button"
          className="chip"
          disabled={rows.length === 0}
          onClick={() =>
            saveCsv(
              `${view.site}-${dimension.replaceAll(':', '-')}.csv`,
              [dimension, ...columns],
              rows.map((row) => [row.dimensions[0] ?? '', ...row.metrics]),
            )
          }
        >
          Export CSV
        </button>
      </div>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={300} role="status" aria-label="Loading" />
      ) : rows.length === 0 ? (
        asked ? (
          <Nothing title="No row has this">Search for something shorter.</Nothing>
        ) : (
          <Nothing title="Nothing in this time">Choose a longer one.</Nothing>
        )
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="scroll" aria-label="Rows" tabIndex={0}>
          <table className="details">
            <thead>
              <tr>
                <th scope="col">Name</th>
                {columns.map((column) => (
                  <Head key={column} column={column} order={order} sort={sort} />
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ dimensions: [value = '', name], metrics }) => (
                <tr key={value}>
                  <th scope="row">
                    <button type="button" className="row" onClick={() => view.filter(dimension, value)}>
                      {name ?? rowName(dimension, value)}
                    </button>
                  </th>
                  {columns.map((column, index) => (
                    <td key={column}>{figure(column, metrics[index])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Modal>
  );
}

interface HeadProps {
  column: string;
  order: Order;
  sort: (column: string) => void;
}

function Head({ column, order: [by, way], sort }: HeadProps) {
  const sorted = by === column ? (way === 'desc' ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" aria-sort={sorted}>
      <button type="button" className="plain" onClick={() => sort(column)}>
        {NAMES[column]}
        {by === column && (way === 'desc' ? ' ↓' : ' ↑')}
      </button>
    </th>
  );
}
