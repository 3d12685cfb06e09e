import { Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type Cohort, type RetentionQuery, retention } from '../api/reports';
import { dayText } from '../lib/format';
import { useSites } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { useEventNames, useReport } from './context';
import { OF_EVENTS } from './funnelAsk';
import { Head } from './Head';
import { Matrix } from './Matrix';

const PERIODS = ['day', 'week', 'month'] as const;

/** Who comes back: a row per cohort, a column per period after it. */
export function Retention() {
  const view = useReport();
  const names = useEventNames(view);
  const { start_event, return_event, period } = view.ask;
  const body: RetentionQuery = {
    site_id: view.site,
    date_range: view.range,
    filters: view.filters,
    start_event: typeof start_event === 'string' ? start_event : 'pageview',
    return_event: typeof return_event === 'string' ? return_event : 'pageview',
    period: PERIODS.find((one) => one === period) ?? 'week',
  };
  const { data, error, refetch } = useQuery({
    queryKey: ['retention', body],
    queryFn: ({ signal }) => retention(body, signal),
    placeholderData: keepPreviousData,
  });
  const choose = (part: Partial<RetentionQuery>) => view.change({ ask: { ...view.ask, ...part } });
  return (
    <>
      <Head title="Retention" dimensions={OF_EVENTS} />
      <section className="card" aria-label="Retention">
        <p className="sentence">
          Of those who did{' '}
          <EventSelect
            label="First"
            names={names}
            value={body.start_event}
            choose={(start_event) => choose({ start_event })}
          />
          {' how many did '}
          <EventSelect
            label="Again"
            names={names}
            value={body.return_event}
            choose={(return_event) => choose({ return_event })}
          />
          {' again, by the '}
          <select
            aria-label="Period"
            value={body.period}
            onChange={(event) => choose({ period: event.target.value as RetentionQuery['period'] })}
          >
            {PERIODS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </p>
        {error ? (
          <Failure error={error} retry={refetch} />
        ) : !data ? (
          <Skeleton height={300} role="status" aria-label="Loading" />
        ) : data.cohorts.length === 0 ? (
          <Nothing title="Nobody in this time">Choose a longer time or another event.</Nothing>
        ) : (
          <>
            <Widened from={view.pair?.[0]} cohorts={data.cohorts} period={body.period} />
            <Matrix cohorts={data.cohorts} period={body.period} />
          </>
        )}
        <ForOneDay site={view.site} />
      </section>
    </>
  );
}

interface WidenedProps {
  from: string | undefined;
  cohorts: Cohort[];
  period: RetentionQuery['period'];
}

/** Says where the table begins before the chosen time, for its periods are whole. */
function Widened({ from, cohorts, period }: WidenedProps) {
  const first = cohorts.map(({ cohort }) => cohort).sort()[0];
  if (!from || !first || first >= from) return null;
  return (
    <p className="soft">
      A {period} is counted whole: the first began on {dayText(first)}, before the chosen time.
    </p>
  );
}

/** Why nobody comes back to most sites, as far as this one may know. */
function ForOneDay({ site }: { site: string }) {
  const known = useSites().data?.find(({ domain }) => domain === site);
  if (known?.identified !== false) return null;
  return (
    <p className="soft">
      This site knows its visitors for one day: what tells them apart is made anew every night, so nobody is
      seen to come back on another day. In identified mode people are known by the ids that the site itself
      gives them.
    </p>
  );
}

interface EventSelectProps {
  label: string;
  names: string[];
  value: string;
  choose: (name: string) => void;
}

export function EventSelect({ label, names, value, choose }: EventSelectProps) {
  return (
    <select aria-label={label} value={value} onChange={(event) => choose(event.target.value)}>
      {[...new Set([value, ...names])].map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}
