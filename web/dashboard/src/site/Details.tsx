import { Modal, Skeleton } from '@mantine/core';
import { useState } from 'react';
import { figure } from '../lib/format';
import { useAnswer } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { useSiteView } from './context';
import { rowName } from './Panel';

const COLUMNS = ['visitors', 'visits', 'pageviews'] as const;
const NAMES = { visitors: 'Visitors', visits: 'Visits', pageviews: 'Pageviews' };
const MOST = 1000;

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

function save(name: string, lines: string[]) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([`${lines.join('\r\n')}\r\n`], { type: 'text/csv' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** One dimension as a large table: sorted by the server, searched, exported as it is shown. */
export function Details({ dimension }: { dimension: string }) {
  const view = useSiteView();
  const [order, setOrder] = useState<(typeof COLUMNS)[number]>('visitors');
  const [wanted, setWanted] = useState('');
  const { data, error, refetch } = useAnswer({
    site_id: view.site,
    metrics: [...COLUMNS],
    date_range: view.range,
    filters: view.filters,
    dimensions: [dimension],
    order_by: [[order, 'desc']],
    pagination: { limit: MOST, offset: 0 },
  });
  const rows = (data?.results ?? []).filter((row) =>
    rowName(dimension, row.dimensions[0] ?? '')
      .toLowerCase()
      .includes(wanted.toLowerCase()),
  );
  const exported = () =>
    save(`${view.site}-${dimension.replace(':', '-')}.csv`, [
      [dimension, ...COLUMNS].join(','),
      ...rows.map((row) => [quoted(row.dimensions[0] ?? ''), ...row.metrics].join(',')),
    ]);
  return (
    <Modal
      opened
      onClose={() => view.change({ open: undefined })}
      size="xl"
      title={`Details: ${dimension}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
      lockScroll={false}
    >
      <div className="tools">
        <input
          type="search"
          aria-label="Search the rows"
          placeholder="Search"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <span className="grow">{data && `${figure('visitors', rows.length)} rows`}</span>
        <button type="button" className="chip" onClick={exported} disabled={rows.length === 0}>
          Export CSV
        </button>
      </div>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={300} />
      ) : rows.length === 0 ? (
        <Nothing title="No row has this">Search for something shorter.</Nothing>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              {COLUMNS.map((column) => (
                <th scope="col" key={column} aria-sort={order === column ? 'descending' : 'none'}>
                  <button type="button" className="plain" onClick={() => setOrder(column)}>
                    {NAMES[column]}
                    {order === column && ' ↓'}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ dimensions: [value = ''], metrics }) => (
              <tr key={value}>
                <th scope="row">
                  <button type="button" className="row" onClick={() => view.filter(dimension, value)}>
                    {rowName(dimension, value)}
                  </button>
                </th>
                {COLUMNS.map((column, index) => (
                  <td key={column}>{figure(column, metrics[index])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Modal>
  );
}
