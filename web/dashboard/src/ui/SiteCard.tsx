import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { BY_TIME } from '../lib/buckets';
import { figure } from '../lib/format';
import { useAnswer } from './data';

const Spark = lazy(() => import('../charts/Spark').then((module) => ({ default: module.Spark })));

/** A site with its last day. */
export function SiteCard({ site }: { site: string }) {
  const about = { site_id: site, metrics: ['visitors'], date_range: '24h' };
  const { data: total } = useAnswer(about);
  const { data: line } = useAnswer({ ...about, dimensions: ['time:hour'], include: BY_TIME });
  const visitors = total?.results[0]?.metrics[0];
  return (
    <Link to="/sites/$site" params={{ site }}>
      {site}
      <span className="last-day">
        {line && (
          <Suspense>
            <Spark line={line} step="time:hour" metric="visitors" title="Visitors by hour" />
          </Suspense>
        )}
      </span>
      <span className="soft">
        {total
          ? `${figure('visitors', visitors)} ${visitors === 1 ? 'visitor' : 'visitors'} in 24 hours`
          : ' '}
      </span>
    </Link>
  );
}
