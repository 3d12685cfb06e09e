import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type Deed, deeds } from '../api/people';
import { figure, moment } from '../lib/format';
import { useMay } from '../session/data';
import { Failure, Nothing } from '../ui/Notice';

/** What somebody did, newest first. */
export function Person({ site, user }: { site: string; user: string }) {
  const mayErase = useMay('write');
  const { data, error, refetch } = useQuery({
    queryKey: ['deeds', site, user],
    queryFn: ({ signal }) => deeds(site, user, signal),
  });
  return (
    <section className="card" aria-label={`Events of ${user}`}>
      <div className="head">
        <h2>{user}</h2>
        {mayErase && (
          <Link
            to="/sites/$site/erasure"
            params={{ site }}
            search={{ ask: { who: user } }}
            className="button quiet push"
          >
            Forget
          </Link>
        )}
      </div>
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={300} role="status" aria-label="Loading" />
      ) : data.length === 0 ? (
        <Nothing title="Nothing in the last 90 days" />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ol className="stream tall" aria-label="Events" tabIndex={0}>
          {data.map((deed, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: nothing else tells two equal events apart
            <li key={`${deed.at} ${place}`}>
              <time>{moment(deed.at)}</time>
              <span className={deed.name === 'pageview' ? 'what' : 'what custom'}>{said(deed)}</span>
              <span className="soft">{[deed.source, deed.browser].filter(Boolean).join(' · ')}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** `purchase · /cart · €12.00 · plan pro` */
function said({ name, path, revenue, currency, props }: Deed): string {
  const parts = [
    name === 'pageview' ? path : `${name} · ${path}`,
    revenue ? figure('total_revenue', revenue, false, currency) : '',
    ...Object.entries(props).map(([key, value]) => `${key} ${value}`),
  ];
  return parts.filter(Boolean).join(' · ');
}
