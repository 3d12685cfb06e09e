import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type ModelKind, type Prediction, predictions } from '../api/models';
import { figure } from '../lib/format';
import { useReport } from '../reports/context';
import { type Column, DataTable } from '../ui/DataTable';
import { useCurrency } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';

const SHOWN = 10;
const REASONS = 2;

/** Whom a model in use gives the highest scores, and why. */
export function Predictions({ id, kind }: { id: string; kind: ModelKind }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="more" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Whom it says it of</summary>
      {open && <Scores id={id} kind={kind} />}
    </details>
  );
}

function Scores({ id, kind }: { id: string; kind: ModelKind }) {
  const { site } = useReport();
  const currency = useCurrency(site);
  const { data, error, refetch } = useQuery({
    queryKey: ['predictions', id],
    queryFn: ({ signal }) => predictions(id, SHOWN, signal),
    retry: false,
  });
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={160} role="status" aria-label="Loading" />;
  if (data.length === 0) return <Nothing title="Nobody it is about">People come by themselves.</Nothing>;
  const columns: Column<Prediction>[] = [
    { name: 'Visitor', cell: ({ visitor }) => visitor ?? '–' },
    {
      name: kind === 'value' ? 'Will spend' : 'Chance',
      cell: ({ prediction }) =>
        kind === 'value'
          ? figure('total_revenue', prediction, false, currency)
          : figure('percentage', 100 * prediction),
    },
    {
      name: 'Because of',
      text: true,
      cell: ({ contributions = [] }) =>
        contributions
          .slice(0, REASONS)
          .map(
            ({ feature, contribution }) => `${feature.replaceAll('_', ' ')} ${contribution > 0 ? '↑' : '↓'}`,
          )
          .join(', '),
    },
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" aria-label="Predictions" tabIndex={0}>
      <DataTable columns={columns} rows={data} id={({ visitor }, place) => visitor ?? place} flow />
    </section>
  );
}
