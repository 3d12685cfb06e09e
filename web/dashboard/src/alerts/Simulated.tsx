import { Button } from '@mantine/core';
import { useState } from 'react';
import type { Simulation } from '../api/alerts';
import { figure, moment } from '../lib/format';
import { type Column, DataTable } from '../ui/DataTable';
import { bandText, written } from './openings';

/** Alerts that are listed at first, and more of them each time somebody asks. */
const [SHOWN, MORE] = [10, 50];
type Fired = Simulation['alerts'][number];
const columns = (metric: string, currency: string): Column<Fired>[] => [
  { name: 'From', cell: ({ started_at }) => moment(started_at) },
  { name: 'Until', cell: ({ resolved_at }) => (resolved_at ? moment(resolved_at) : 'now') },
  { name: 'Value', cell: ({ value }) => written(metric, value, currency) },
];

const expected = (metric: string, currency: string): Column<Fired> => ({
  name: 'Expected',
  cell: ({ band }) => band && bandText(metric, band, currency),
});

const OF: Column<Fired> = { name: 'Of', text: true, cell: ({ group }) => group ?? '' };

interface Props {
  of: Simulation;
  metric: string;
  currency: string;
}

/** What a rule would have done. */
export function Simulated({ of: { fired, alerts }, metric, currency }: Props) {
  const [most, setMost] = useState(SHOWN);
  const newest = alerts.toSorted((one, other) => other.started_at.localeCompare(one.started_at));
  const shown = [
    ...columns(metric, currency),
    ...(alerts.some(({ band }) => band) ? [expected(metric, currency)] : []),
    ...(alerts.some(({ group }) => group) ? [OF] : []),
  ];
  return (
    <div role="status">
      <p>
        <strong>{said(fired)}</strong>
        {alerts.length > most && ` The ${most} newest are shown.`}
      </p>
      {alerts.length > 0 && (
        <DataTable
          columns={shown}
          rows={newest.slice(0, most)}
          id={({ started_at, group }) => `${started_at} ${group}`}
          flow
        />
      )}
      {alerts.length > most && (
        <div className="foot">
          <Button size="xs" variant="default" onClick={() => setMost(most + MORE)}>
            Show older ones
          </Button>
        </div>
      )}
    </div>
  );
}

function said(fired: number): string {
  if (fired === 0) return 'It would not have fired.';
  return `It would have fired ${fired === 1 ? 'once' : `${figure('events', fired)} times`}.`;
}
