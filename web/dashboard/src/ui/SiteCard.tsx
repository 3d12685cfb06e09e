import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import type { QueryAnswer } from '../api/types';
import { BY_TIME, valuesOf } from '../lib/buckets';
import { bucket, figure } from '../lib/format';
import { type Column, DataTable } from './DataTable';
import { useAnswer } from './data';

const Spark = lazy(() => import('../charts/Spark').then((module) => ({ default: module.Spark })));

/** A site with its last day. */
export function SiteCard({ site }: { site: string }) {
  const about = { site_id: site, metrics: ['visitors'], date_range: '24h' };
  const { data: total } = useAnswer(about);
  const { data: line } = useAnswer({ ...about, dimensions: ['time:hour'], include: BY_TIME });
  const visitors = total?.results[0]?.metrics[0];
  return (
    <>
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
      {line && <Hours site={site} line={line} />}
    </>
  );
}

interface Hour {
  label: string;
  visitors: number | null;
}

const COLUMNS: Column<Hour>[] = [
  { name: 'Hour', cell: ({ label }) => bucket(label, 'time:hour') },
  { name: 'Visitors', cell: ({ visitors }) => figure('visitors', visitors) },
];

/** The line of a site as a table. */
function Hours({ site, line }: { site: string; line: QueryAnswer }) {
  const values = valuesOf(line, 'visitors');
  const hours = (line.meta.time_labels ?? []).map((label, at) => ({ label, visitors: values[at] ?? null }));
  return (
    <details className="twin">
      <summary>
        The hours<span className="hidden"> of {site}</span> as a table
      </summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section aria-label={`Hours of ${site}`} tabIndex={0}>
        <DataTable columns={COLUMNS} rows={hours} id={({ label }) => label} />
      </section>
    </details>
  );
}
