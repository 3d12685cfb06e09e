import { Skeleton } from '@mantine/core';
import type { QueryAnswer } from '../api/types';
import { figure, type Metric } from '../lib/format';
import { measured } from '../lib/means';
import { calledUnder } from '../lib/metrics';
import { Change } from '../ui/Change';
import { useAnswer } from '../ui/data';
import { Failure } from '../ui/Notice';
import { type SiteView, useSiteView } from './context';

/** What the tiles ask. */
export const totals = ({ site, metrics, filters, range }: SiteView) => ({
  site_id: site,
  metrics,
  filters,
  date_range: range,
});

/** The tiles; the chosen one is the metric of the graph. */
export function Tiles() {
  const view = useSiteView();
  const now = useAnswer(totals(view));
  const before = useAnswer(view.before && { ...totals(view), date_range: view.soFar ?? view.before });
  if (now.error) return <Failure error={now.error} retry={now.refetch} />;
  const chosen = view.search.metric ?? 'visitors';
  const figureOf = (answer: QueryAnswer | undefined, metric: Metric) =>
    measured(view.metrics, answer?.results[0]?.metrics ?? [])[view.metrics.indexOf(metric)];
  const value = (metric: Metric) => figureOf(now.data, metric);
  const old = (metric: Metric) => figureOf(before.data, metric);
  // To the last digit, for who points at it.
  const whole = (metric: Metric) => {
    const [is = '', was] = [value, old].map((of) => figure(metric, of(metric), false, view.currency));
    return view.before && before.data ? `${is} against ${was}` : is;
  };
  // A site that sells nothing needs no tile that says so.
  const shown = view.metrics.filter(
    (metric) => metric !== 'total_revenue' || value(metric) || chosen === metric,
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be announced as a form
    <div className="tiles" role="group" aria-label="Metric of the graph">
      {shown.map((metric) => (
        <button
          key={metric}
          type="button"
          className="tile"
          aria-pressed={metric === chosen}
          onClick={() => view.change({ metric: metric === 'visitors' ? undefined : metric })}
        >
          <span className="name">{calledUnder(view.filters, metric)}</span>
          {now.data ? (
            <Value whole={whole(metric)}>{figure(metric, value(metric), true, view.currency)}</Value>
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
  );
}

/** Longer than this is written smaller: durations are long in some languages, amounts in some currencies. */
const FITS = 9;

const Value = ({ whole, children }: { whole: string; children: string }) => (
  <span className={children.length > FITS ? 'value long' : 'value'} title={whole}>
    {children}
  </span>
);
