import { rangeText } from '../lib/format';
import { type Compare, PERIODS, type Period } from '../lib/range';
import { useSiteView } from './context';
import { rowName } from './Panel';

const SIGNS = { is: 'is', is_not: 'is not', contains: 'contains', contains_not: 'does not contain' };

export function Toolbar() {
  const view = useSiteView();
  const period = view.search.period ?? '28d';
  const choose = (next: Period) =>
    view.change(
      next === 'custom'
        ? { period: next, from: view.pair?.[0], to: view.pair?.[1] }
        : { period: next, from: undefined, to: undefined },
    );
  return (
    <div className="tools">
      {view.filters.map((condition) => {
        const [op, dimension, values] = condition;
        const text = `${dimension.replace(/^.*:/, '')} ${SIGNS[op]} ${values.map((value) => rowName(dimension, value)).join(' or ')}`;
        return (
          <button
            key={text}
            type="button"
            className="chip"
            aria-label={`Remove the filter ${text}`}
            onClick={() => {
              const rest = view.filters.filter((one) => one !== condition);
              view.change({ filters: rest.length ? rest : undefined });
            }}
          >
            {text} ×
          </button>
        );
      })}
      <span className="grow">{view.pair && rangeText(view.pair)}</span>
      <select aria-label="Time" value={period} onChange={(event) => choose(event.target.value as Period)}>
        {PERIODS.map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
        <option value="custom">Chosen days</option>
      </select>
      {period === 'custom' && (
        <>
          <input
            type="date"
            aria-label="First day"
            value={view.pair?.[0]}
            onChange={(event) => event.target.value && view.change({ from: event.target.value })}
          />
          <input
            type="date"
            aria-label="Last day"
            value={view.pair?.[1]}
            onChange={(event) => event.target.value && view.change({ to: event.target.value })}
          />
        </>
      )}
      <select
        aria-label="Comparison"
        value={view.search.compare ?? ''}
        disabled={!view.pair}
        onChange={(event) =>
          view.change({ compare: (event.target.value || undefined) as Compare | undefined })
        }
      >
        <option value="">No comparison</option>
        <option value="previous">With the time before</option>
        <option value="year">With a year before</option>
      </select>
    </div>
  );
}
