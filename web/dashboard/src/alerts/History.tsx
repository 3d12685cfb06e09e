import { Button, Modal, Skeleton } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { lazy, Suspense, useRef } from 'react';
import { type HeldRule, history, STEPS } from '../api/alerts';
import { shortMoments } from '../lib/format';
import { useReport } from '../reports/context';
import { type Column, DataTable } from '../ui/DataTable';
import { useCurrency } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { metricOf, type Opening, openings, stateOf, titleOf, written } from './openings';
import { StateBadge } from './StateBadge';
import { useHappened } from './useHappened';
import { useRules } from './useRules';

const Happened = lazy(() => import('./Happened').then((module) => ({ default: module.Happened })));

/** What happened, an alert a row; each leads to its causes. */
export function History({ site }: { site: string }) {
  const { ask, change } = useReport();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['alert history', site],
    queryFn: ({ signal, pageParam }) => history(site, pageParam, signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => (last.length < STEPS ? undefined : last.at(-1)?.id),
  });
  const held = useRules(site).data;
  const currency = useCurrency(site);
  const known = openings(data?.pages.flat() ?? []);
  const look = (alert?: number) => change({ ask: alert === undefined ? undefined : { alert } });
  const chosen = typeof ask.alert === 'number' ? ask.alert : undefined;
  // What was looked at stays in the dialog until that is out of sight.
  const shown = useRef(chosen);
  if (chosen !== undefined) shown.current = chosen;
  const { one } = useHappened(site, shown.current, known);
  return (
    <section className="card" aria-label="History">
      <h2>What happened</h2>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={120} role="status" aria-label="Loading" />
      ) : known.length === 0 ? (
        <Nothing title="No alert yet">Each one is listed here, with its value and when it ended.</Nothing>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="scroll tall" aria-label="Alerts" tabIndex={0}>
          <DataTable columns={columns(held, currency, look)} rows={known} id={({ id }) => id} flow />
        </section>
      )}
      {hasNextPage && (
        <div className="foot">
          <Button size="xs" variant="default" loading={isFetchingNextPage} onClick={() => fetchNextPage()}>
            What was before
          </Button>
        </div>
      )}
      {/* It is there before it is opened, and knows where the focus was. */}
      <Modal
        opened={chosen !== undefined}
        onClose={() => look()}
        size="xl"
        title={one ? titleOf(one, held) : 'Alert'}
        closeButtonProps={{ 'aria-label': 'Close' }}
        lockScroll={false}
      >
        <Suspense>
          {shown.current !== undefined && <Happened site={site} step={shown.current} known={known} />}
        </Suspense>
      </Modal>
    </section>
  );
}

const columns = (
  rules: HeldRule[] | undefined,
  currency: string,
  look: (step: number) => void,
): Column<Opening>[] => [
  {
    name: 'Alert',
    cell: (one) => (
      <button type="button" className="row leads" onClick={() => look(one.first.id)}>
        {titleOf(one, rules)}
      </button>
    ),
  },
  { name: 'State', text: true, cell: (one) => <StateBadge state={stateOf(one, rules)} /> },
  { name: 'Value', cell: ({ first }) => written(metricOf(first, rules), first.value, currency) },
  {
    name: 'When',
    cell: ({ first: { started_at }, over }) => shortMoments(started_at, over),
  },
];
