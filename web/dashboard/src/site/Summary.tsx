import { Skeleton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { QueryAnswer } from '../api/types';
import { figure, METRICS, type Metric } from '../lib/format';
import { measured } from '../lib/means';
import { Change } from '../ui/Change';
import { useAnswer } from '../ui/data';
import { Failure } from '../ui/Notice';
import { useSiteView } from './context';

/** The tiles; the chosen one is the metric of the graph. */
export function Tiles() {
  const view = useSiteView();
  const body = { site_id: view.site, metrics: view.metrics, filters: view.filters };
  const now = useAnswer({ ...body, date_range: view.range });
  const before = useAnswer(view.before && { ...body, date_range: view.before });
  if (now.error) return <Failure error={now.error} retry={now.refetch} />;
  const chosen = view.search.metric ?? 'visitors';
  const figureOf = (answer: QueryAnswer | undefined, metric: Metric) =>
    measured(view.metrics, answer?.results[0]?.metrics ?? [])[view.metrics.indexOf(metric)];
  const value = (metric: Metric) => figureOf(now.data, metric);
  const old = (metric: Metric) => figureOf(before.data, metric);
  // A site that sells nothing needs no tile that says so.
  const shown = view.metrics.filter(
    (metric) => metric !== 'total_revenue' || value(metric) || chosen === metric,
  );
  return (
    <>
      {now.data && value('visitors') === 0 && view.filters.length === 0 && <Silence />}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would be announced as a form */}
      <div className="tiles" role="group" aria-label="Metric of the graph">
        {shown.map((metric) => (
          <button
            key={metric}
            type="button"
            className="tile"
            aria-pressed={metric === chosen}
            onClick={() => view.change({ metric: metric === 'visitors' ? undefined : metric })}
          >
            <span className="name">{METRICS[metric]}</span>
            {now.data ? (
              <Value>{figure(metric, value(metric), true, view.currency)}</Value>
            ) : (
              <Skeleton height={26} width={90} my={4} component="span" />
            )}
            {view.before &&
              (old('visitors') === 0 ? (
                <span className="nochange">nothing before</span>
              ) : (
                <Change metric={metric} value={value(metric)} old={old(metric)} />
              ))}
          </button>
        ))}
      </div>
    </>
  );
}

/** Longer than this is written smaller: durations are long in some languages, amounts in some currencies. */
const FITS = 9;

const Value = ({ children }: { children: string }) => (
  <span className={children.length > FITS ? 'value long' : 'value'}>{children}</span>
);

/** What to do where nothing ever came. */
function Silence() {
  const { site } = useSiteView();
  const { data } = useAnswer({ site_id: site, metrics: ['events'], date_range: 'all' });
  if (!data || data.results[0]?.metrics[0]) return null;
  return (
    <p className="silence" role="status">
      Nothing has come from {site} yet.{' '}
      <Link to="/sites/$site/install" params={{ site }}>
        Put the snippet into its pages
      </Link>
    </p>
  );
}
