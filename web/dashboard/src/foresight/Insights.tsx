import { Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type Insight, insights } from '../api/foresight';
import type { Condition } from '../api/types';
import { figure, metricName } from '../lib/format';
import { useReport } from '../reports/context';
import { Head } from '../reports/Head';
import { sliceName } from '../site/foresight';
import { DIMENSIONS } from '../site/names';
import { useCurrency } from '../ui/data';
import { Failure, Nothing } from '../ui/Notice';
import { type Counted, countedOf, countedText } from './counted';

const SHOWN = 20;
const CAUSES = 3;

/** What changed against the time before, and why. */
export function Insights() {
  const view = useReport();
  const body = { site_id: view.site, date_range: view.range, filters: view.filters, limit: SHOWN };
  const { data, error, refetch } = useQuery({
    queryKey: ['insights', body],
    queryFn: ({ signal }) => insights(body, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const counted = data && countedOf(data.query, view);
  return (
    <>
      <Head title="Insights" dimensions={DIMENSIONS} />
      <section className="card" aria-label="Insights">
        <h2>What changed against the time before</h2>
        {counted && <p className="soft">{countedText(counted)}</p>}
        {error ? (
          <Failure error={error} retry={refetch} />
        ) : !data ? (
          <Skeleton height={380} role="status" aria-label="Loading" />
        ) : !counted ? null : data.insights.length === 0 ? (
          <Nothing title="Nothing changed more than by chance">Choose another time.</Nothing>
        ) : (
          <Sorted site={view.site} counted={counted} filters={view.filters} insights={data.insights} />
        )}
      </section>
    </>
  );
}

interface ListProps {
  site: string;
  counted: Counted;
  filters: Condition[];
  insights: Insight[];
}

/** What is sure first. What may be chance is there for whoever wants it. */
function Sorted({ insights, ...about }: ListProps) {
  const sure = insights.filter(({ significant }) => significant);
  const others = insights.filter(({ significant }) => !significant);
  return (
    <>
      {sure.length > 0 ? (
        <List {...about} insights={sure} />
      ) : (
        <p role="status">Nothing changed more than it would by chance.</p>
      )}
      {others.length > 0 && (
        <details className="twin">
          <summary>
            {others.length === 1
              ? 'One change that may be chance'
              : `${others.length} changes that may be chance`}
          </summary>
          <List {...about} insights={others} />
        </details>
      )}
    </>
  );
}

const List = ({ insights, ...about }: ListProps) => (
  <ul className="rules">
    {insights.map((one) => (
      <Told key={`${one.metric} ${one.group?.join(' ')}`} {...about} insight={one} />
    ))}
  </ul>
);

interface ToldProps {
  site: string;
  counted: Counted;
  filters: Condition[];
  insight: Insight;
}

function Told({ site, counted, filters, insight }: ToldProps) {
  const currency = useCurrency(site);
  const { metric, group, before, after, change, significant, evidence, causes = [] } = insight;
  const write = (value: number) => figure(metric, value, false, currency);
  const more = after >= before;
  const better = metric === 'bounce_rate' ? !more : more;
  const named = causes
    .map(({ slice }) => sliceName(slice))
    .filter(Boolean)
    .slice(0, CAUSES);
  return (
    <li>
      <span className={`badge ${significant ? (better ? 'good' : 'bad') : ''}`}>
        {before === after ? '=' : more ? '↑' : '↓'}{' '}
        {change === null ? 'new' : figure('percentage', Math.abs(change))}
      </span>
      <span>
        <strong>{aboutOf(insight)}</strong>
        <br />
        <span className="soft">
          {write(before)} → {write(after)}
          {evidence && ` · ${chance(evidence.p)}`}
          {named.length > 0 && ` · mostly ${named.join(', ')}`}
        </span>
      </span>
      {group && (
        <Link
          to="/sites/$site"
          params={{ site }}
          search={{
            ...counted.search,
            filters: [...filters.filter(([, name]) => name !== group[0]), ['is', group[0], [group[1]]]],
          }}
          className="button quiet push"
        >
          Look
        </Link>
      )}
    </li>
  );
}

/** `Visits from source Google` */
export const aboutOf = ({ metric, group }: Insight): string =>
  group ? `${metricName(metric)} of ${sliceName({ [group[0]]: group[1] })}` : metricName(metric);

/** A probability in words. */
function chance(p: number): string {
  if (p < 0.001) return 'hardly by chance';
  return p < 0.05 ? `by chance in ${figure('percentage', 100 * p)} of cases` : 'may be chance';
}
