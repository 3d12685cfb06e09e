import { Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type FunnelQuery, funnel } from '../api/reports';
import { Failure, Nothing } from '../ui/Notice';
import { useReport } from './context';
import { Converted, FunnelBars } from './FunnelBars';
import { FunnelGroups } from './FunnelGroups';
import { FunnelSteps } from './FunnelSteps';
import { asked, DIVISIONS, type FunnelAsk, OF_EVENTS, readAsk } from './funnelAsk';
import { Head } from './Head';

/** How many go how far, and how long it takes them. */
export function Funnels() {
  const view = useReport();
  const ask = readAsk(view.ask);
  const { steps, window, order, by } = ask;
  const body: FunnelQuery = {
    site_id: view.site,
    date_range: view.range,
    filters: view.filters,
    steps: steps.map(asked),
    window,
    order,
    ...(by && { dimensions: [by] }),
  };
  const { data, error, refetch } = useQuery({
    queryKey: ['funnel', body],
    queryFn: ({ signal }) => funnel(body, signal),
    enabled: steps.length > 1,
    placeholderData: keepPreviousData,
  });
  const change = (part: Partial<FunnelAsk>) => view.change({ ask: { ...view.ask, ...part } });
  return (
    <>
      <Head title="Funnels" dimensions={OF_EVENTS} />
      <div className="panels first uneven">
        <FunnelSteps view={view} ask={ask} change={change} />
        <section className="card" aria-label="Funnel">
          <h2>Who went how far</h2>
          {steps.length < 2 ? (
            <Nothing title="A funnel has two steps or more">
              Add what visitors do first, then what they do next.
            </Nothing>
          ) : error ? (
            <Failure error={error} retry={refetch} />
          ) : !data ? (
            <Skeleton height={240} role="status" aria-label="Loading" />
          ) : (
            <>
              <Converted steps={data.steps} />
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
              <section className="scroll" aria-label="Steps and how many took them" tabIndex={0}>
                <FunnelBars steps={data.steps} />
              </section>
            </>
          )}
        </section>
      </div>
      {steps.length > 1 && (
        <section className="card below" aria-label="Groups">
          <div className="head">
            <h2>Who converts best</h2>
            <select
              className="push"
              aria-label="Divide by"
              value={by}
              onChange={(event) => change({ by: event.target.value })}
            >
              <option value="">Divide by…</option>
              {DIVISIONS.map(([name, label]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          </div>
          {!by ? (
            <p className="soft">Divide by source, country, device and more to compare.</p>
          ) : !data?.breakdown ? (
            <Skeleton height={160} role="status" aria-label="Loading" />
          ) : data.breakdown.length === 0 ? (
            <p className="soft">Nobody began in this time.</p>
          ) : (
            <FunnelGroups groups={data.breakdown} dimension={by} />
          )}
        </section>
      )}
    </>
  );
}
