import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type Cluster, clusters, models } from '../api/models';
import { figure, rangeText } from '../lib/format';
import { modelsKey } from '../models/kinds';
import { useMay } from '../session/data';
import { type Column, DataTable } from '../ui/DataTable';
import { Failure, Nothing } from '../ui/Notice';

const DIFFERENCES = 3;
/** `12.3`, and of what few people do `0.04` all the same. */
const decimal = new Intl.NumberFormat(undefined, {
  maximumFractionDigits: 1,
  maximumSignificantDigits: 2,
  roundingPriority: 'morePrecision',
});

/** The sorts of visitors that the site's model has found. */
export function Clusters({ site, currency }: { site: string; currency: string }) {
  const mayChange = useMay('write');
  const held = useQuery({ queryKey: modelsKey(site), queryFn: ({ signal }) => models(site, signal) });
  const live = held.data?.find(({ kind, live }) => kind === 'segments' && live)?.live;
  const found = useQuery({
    queryKey: ['clusters', site, live?.version],
    queryFn: ({ signal }) => clusters(site, signal),
    enabled: Boolean(live),
    retry: false,
  });
  const isUntrained = held.data && !live;
  const { data } = found;
  const error = held.error ?? found.error;
  return (
    <section className="card below" aria-label="Sorts of visitors">
      <h2>Sorts of visitors</h2>
      {isUntrained ? (
        <Nothing title="Nothing is learned yet">
          {mayChange ? (
            <Link to="/sites/$site/models" params={{ site }}>
              Train a model of the kind “Segments”
            </Link>
          ) : (
            'The owner of this server can train a model of the kind “Segments”'
          )}
          : it finds out which sorts of visitors there are.
        </Nothing>
      ) : error ? (
        <Failure error={error} retry={held.error ? held.refetch : found.refetch} />
      ) : !data ? (
        <Skeleton height={200} role="status" aria-label="Loading" />
      ) : (
        <>
          <p className="soft">
            All visitors that the model learned from{live?.window && ` (${learnedIn(live.window)})`}, whatever
            time is chosen above. What they did is an average per visitor.
          </p>
          <div className="cards">
            {data.clusters.map((cluster) => (
              <Sort key={cluster.id} cluster={cluster} />
            ))}
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <section className="scroll below" aria-label="Comparison of sorts" tabIndex={0}>
            <DataTable columns={columns(currency)} rows={data.clusters} id={({ id }) => id} flow />
          </section>
        </>
      )}
    </section>
  );
}

const learnedIn = ([from, to]: [number, number]) =>
  rangeText([from, to].map((at) => new Date(at).toISOString().slice(0, 10)) as [string, string]);

/** `bounce_rate 0.0×` as people say it. */
const spoken = (name: string) => name.replaceAll('_', ' ');

/** What a feature is on average: a share, a time, or a number. */
function amount(feature: string, value: number): string {
  if (feature.endsWith('_rate')) return figure('percentage', 100 * value);
  return feature.startsWith('seconds') ? figure('visit_duration', value) : decimal.format(value);
}

function Sort({ cluster: { name, size, share, differences } }: { cluster: Cluster }) {
  return (
    <article className="sort">
      <h3>{spoken(name)}</h3>
      <p className="soft">
        {figure('visitors', size)} visitors, {figure('percentage', 100 * share)}
      </p>
      <div className="meter">
        <span style={{ width: `${100 * share}%` }} />
      </div>
      <ul>
        {differences.slice(0, DIFFERENCES).map(({ feature, here, overall }) => (
          <li key={feature}>
            {spoken(feature)}: {amount(feature, here)}{' '}
            <span className="soft">(all: {amount(feature, overall)})</span>
          </li>
        ))}
      </ul>
    </article>
  );
}

const columns = (currency: string): Column<Cluster>[] => [
  { name: 'Sort', cell: ({ name }) => spoken(name) },
  { name: 'Visitors', cell: ({ size }) => figure('visitors', size) },
  { name: 'Visits per visitor', cell: ({ metrics }) => decimal.format(metrics.visits ?? 0) },
  { name: 'Pageviews per visitor', cell: ({ metrics }) => decimal.format(metrics.pageviews ?? 0) },
  { name: 'Purchases per visitor', cell: ({ metrics }) => decimal.format(metrics.purchases ?? 0) },
  {
    name: 'Revenue per visitor',
    cell: ({ metrics }) => figure('total_revenue', metrics.revenue, false, currency),
  },
  { name: 'Time per visitor', cell: ({ metrics }) => figure('visit_duration', metrics.seconds) },
];
