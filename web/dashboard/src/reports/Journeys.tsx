import { Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type JourneyLink, journeys } from '../api/reports';
import { figure } from '../lib/format';
import { DIMENSIONS } from '../site/names';
import { Failure, Nothing } from '../ui/Notice';
import { useReport } from './context';
import { Flow } from './Flow';
import { Head } from './Head';

const DEPTHS = [2, 3, 4, 5, 6];
/** Ways that are drawn: at least, and for each step. More of them cannot be told apart. */
const [LEAST, EACH] = [40, 10];
/** Ways that are asked for, to know of how many those are the largest. */
const MOST = 5_000;

/** Where visits go from page to page. */
export function Journeys() {
  const view = useReport();
  const depth = DEPTHS.find((one) => one === view.ask.depth) ?? 4;
  const body = { site_id: view.site, date_range: view.range, filters: view.filters, depth, limit: MOST };
  const { data, error, refetch } = useQuery({
    queryKey: ['journeys', body],
    queryFn: ({ signal }) => journeys(body, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Head title="Journeys" dimensions={DIMENSIONS} />
      <section className="card" aria-label="Journeys">
        <div className="tools">
          <label>
            Steps from page to page{' '}
            <select
              value={depth}
              onChange={(event) => view.change({ ask: { ...view.ask, depth: Number(event.target.value) } })}
            >
              {DEPTHS.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        </div>
        {error ? (
          <Failure error={error} retry={refetch} />
        ) : !data ? (
          <Skeleton height={420} role="status" aria-label="Loading" />
        ) : data.links.length === 0 ? (
          <Nothing title="Nobody went from page to page">Choose a longer time.</Nothing>
        ) : (
          <Drawn links={data.links} most={Math.max(LEAST, EACH * depth)} />
        )}
      </section>
    </>
  );
}

/** The busiest ways, and which part of all they are. */
function Drawn({ links, most }: { links: JourneyLink[]; most: number }) {
  const drawn = useMemo(() => links.slice(0, most), [links, most]);
  const sum = (of: JourneyLink[]) => of.reduce((all, { visits }) => all + visits, 0);
  const known = links.length < MOST;
  const share = figure('percentage', (100 * sum(drawn)) / sum(links));
  return (
    <>
      {links.length > most && (
        <p className="soft">
          {known
            ? `The ${most} busiest of ${figure('events', links.length)} ways from page to page are drawn: ${share} of all steps that visits took.`
            : `Only the ${most} busiest ways from page to page are drawn, of more than ${figure('events', MOST)}.`}
        </p>
      )}
      <Flow links={drawn} />
    </>
  );
}
