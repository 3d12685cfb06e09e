import { Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { journeys } from '../api/reports';
import { DIMENSIONS } from '../site/names';
import { Failure, Nothing } from '../ui/Notice';
import { useReport } from './context';
import { Flow } from './Flow';
import { Head } from './Head';

const DEPTHS = [2, 3, 4, 5, 6];
const LINKS = 40;

/** Where visits go from page to page. */
export function Journeys() {
  const view = useReport();
  const depth = DEPTHS.find((one) => one === view.ask.depth) ?? 4;
  const body = { site_id: view.site, date_range: view.range, filters: view.filters, depth, limit: LINKS };
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
          <Flow links={data.links} />
        )}
      </section>
    </>
  );
}
