import { Skeleton } from '@mantine/core';
import { change, figure, METRIC_NAMES, METRICS } from '../lib/format';
import { useAnswer } from '../ui/data';
import { Failure } from '../ui/Notice';
import { useSiteView } from './context';

/** The tiles; the chosen one is the metric of the graph. */
export function Tiles() {
  const view = useSiteView();
  const body = { site_id: view.site, metrics: METRIC_NAMES, filters: view.filters };
  const now = useAnswer({ ...body, date_range: view.range });
  const before = useAnswer(view.before && { ...body, date_range: view.before });
  if (now.error) return <Failure error={now.error} retry={now.refetch} />;
  const chosen = view.search.metric ?? 'visitors';
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be announced as a form
    <div className="tiles" role="group" aria-label="Metric of the graph">
      {METRIC_NAMES.map((metric, index) => {
        const value = now.data?.results[0]?.metrics[index];
        const old = view.before ? before.data?.results[0]?.metrics[index] : undefined;
        const more = (value ?? 0) >= (old ?? 0);
        // Not the figures but what is shown of them: nobody should see a rise of 0%.
        const same = Math.abs((value ?? 0) - (old ?? 0)) < 0.0005 * Math.abs(old ?? 0) || value === old;
        const better = metric === 'bounce_rate' ? !more : more;
        return (
          <button
            key={metric}
            type="button"
            className="tile"
            aria-pressed={metric === chosen}
            onClick={() => view.change({ metric: metric === 'visitors' ? undefined : metric })}
          >
            <span className="name">{METRICS[metric]}</span>
            {now.data ? (
              <span className="value">{figure(metric, value, true)}</span>
            ) : (
              <Skeleton height={36} width={90} component="span" />
            )}
            {old !== undefined && old !== null && value !== undefined && (
              <span className={same ? 'nochange' : better ? 'up' : 'down'}>
                {same ? '=' : more ? '↑' : '↓'} {change(value ?? 0, old)}
              </span>
            )}
          </button>
        );
      })}
    </div>
  );
}
