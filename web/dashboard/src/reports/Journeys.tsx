import { Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { type JourneyLink, journeys } from '../api/reports';
import { Chart, type Colours } from '../charts/Chart';
import { figure } from '../lib/format';
import { Failure, Nothing } from '../ui/Notice';
import { useReport } from './context';
import { Head } from './Head';

const DEPTHS = [2, 3, 4, 5, 6];
const LINKS = 40;

/** Where visits go from page to page. */
export function Journeys() {
  const view = useReport();
  const depth = DEPTHS.find((one) => one === view.ask.depth) ?? 4;
  const body = { site_id: view.site, date_range: view.range, depth, limit: LINKS };
  const { data, error, refetch } = useQuery({
    queryKey: ['journeys', body],
    queryFn: ({ signal }) => journeys(body, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Head title="Journeys" />
      <section className="card" aria-label="Journeys">
        <div className="tools">
          <label>
            Pages of a visit{' '}
            <select
              value={depth}
              onChange={(event) => view.change({ ask: { depth: Number(event.target.value) } })}
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
          <Skeleton height={420} aria-label="Loading" />
        ) : data.links.length === 0 ? (
          <Nothing title="Nobody went from page to page">Choose a longer time.</Nothing>
        ) : (
          <Flow links={data.links} />
        )}
      </section>
    </>
  );
}

function Flow({ links }: { links: JourneyLink[] }) {
  const option = useCallback((colours: Colours) => sankey(links, colours), [links]);
  return (
    <>
      <Chart
        label="Visits from page to page; the same figures are in the table below"
        kind="tall"
        option={option}
      />
      <details className="twin">
        <summary>The journeys as a table</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section aria-label="Figures of the journeys" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col">To</th>
                <th scope="col">Step</th>
                <th scope="col">Visits</th>
              </tr>
            </thead>
            <tbody>
              {links.map(({ from, to, step, visits }) => (
                <tr key={`${step} ${from} ${to}`}>
                  <th scope="row">{from}</th>
                  <td>{to}</td>
                  <td>{step}</td>
                  <td>{figure('visits', visits)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </>
  );
}

/** A page at another step is another node: a Sankey diagram has no circles. */
function sankey(links: JourneyLink[], colours: Colours) {
  const node = (step: number, page: string) => `${step} ${page}`;
  const nodes = new Set(links.flatMap(({ from, to, step }) => [node(step, from), node(step + 1, to)]));
  const page = (name: string) => name.slice(name.indexOf(' ') + 1);
  return {
    animation: false,
    tooltip: {
      renderMode: 'richText',
      backgroundColor: colours.card,
      borderColor: colours.line,
      textStyle: { color: colours.ink },
      formatter: ({
        data,
        name,
        value,
      }: {
        data: { source?: string; target?: string };
        name: string;
        value: number;
      }) =>
        data.source && data.target
          ? `${page(data.source)} → ${page(data.target)}: ${figure('visits', value)} visits`
          : `${page(name)}: ${figure('visits', value)} visits`,
    },
    series: [
      {
        type: 'sankey',
        left: 8,
        right: 140,
        top: 12,
        bottom: 12,
        nodeGap: 10,
        emphasis: { focus: 'adjacency' },
        lineStyle: { color: colours.accent, opacity: 0.2, curveness: 0.5 },
        itemStyle: { color: colours.accent, borderWidth: 0 },
        label: {
          color: colours.ink,
          formatter: ({ name }: { name: string }) => page(name),
          width: 130,
          overflow: 'truncate',
        },
        data: [...nodes].map((name) => ({ name })),
        links: links.map(({ from, to, step, visits }) => ({
          source: node(step, from),
          target: node(step + 1, to),
          value: visits,
        })),
      },
    ],
  };
}
