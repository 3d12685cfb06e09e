import { Link } from '@tanstack/react-router';
import type { LiveFigures } from '../api/types';
import { figure, rangeText } from '../lib/format';
import { type Compare, INTERVALS, type Interval, PERIODS, type Period } from '../lib/range';
import { SaveFilters } from '../segments/SaveFilters';
import { useMay } from '../session/data';
import { useSiteView } from './context';
import { ExportAll } from './ExportAll';
import { FilterBuilder } from './FilterBuilder';
import { named, rowName, SIGNS } from './names';

export function Toolbar({ figures }: { figures?: LiveFigures }) {
  const view = useSiteView();
  return (
    <>
      <div className="tools">
        <Link to="/sites/$site/live" params={{ site: view.site }} className="now">
          <span className={figures ? 'dot' : 'dot waiting'} />
          {figures ? `${figure('visitors', figures.visitors_now)} now` : 'Connecting'}
        </Link>
        <span className="grow">{view.pair && rangeText(view.pair)}</span>
        <FilterBuilder />
        <ExportAll />
        <Time />
        <Comparison />
      </div>
      {view.filters.length > 0 && <Chips />}
    </>
  );
}

function Chips() {
  const view = useSiteView();
  const mayChange = useMay('write');
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be announced as a form
    <div className="tools" role="group" aria-label="Filters">
      {view.filters.map((condition) => {
        const [operator, dimension, values] = condition;
        const text = `${named(dimension).toLowerCase()} ${SIGNS[operator]} ${values.map((value) => rowName(dimension, value)).join(' or ')}`;
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
      {mayChange && <SaveFilters site={view.site} filters={view.filters} />}
    </div>
  );
}

function Time() {
  const view = useSiteView();
  const choose = (next: Period) =>
    view.change(
      next === 'custom'
        ? { period: next, from: view.pair?.[0], to: view.pair?.[1], interval: undefined }
        : { period: next, from: undefined, to: undefined, interval: undefined },
    );
  return (
    <>
      <select
        aria-label="Time"
        value={view.period}
        onChange={(event) => choose(event.target.value as Period)}
      >
        {PERIODS.map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
        <option value="custom">Chosen days</option>
      </select>
      {view.period === 'custom' && (
        <>
          <Day label="First day" value={view.pair?.[0]} choose={(from) => view.change({ from })} />
          <Day label="Last day" value={view.pair?.[1]} choose={(to) => view.change({ to })} />
        </>
      )}
    </>
  );
}

function Comparison() {
  const view = useSiteView();
  const { compare, cfrom, cto } = view.search;
  const choose = (next: Compare | undefined) =>
    view.change(
      next === 'custom'
        ? {
            compare: next,
            cfrom: view.before?.[0] ?? view.pair?.[0],
            cto: view.before?.[1] ?? view.pair?.[1],
          }
        : { compare: next, cfrom: undefined, cto: undefined },
    );
  return (
    <>
      <select
        aria-label="Comparison"
        value={compare ?? ''}
        disabled={!view.pair}
        onChange={(event) => choose((event.target.value || undefined) as Compare | undefined)}
      >
        <option value="">No comparison</option>
        <option value="previous">With the time before</option>
        <option value="year">With a year before</option>
        <option value="custom">With chosen days</option>
      </select>
      {compare === 'custom' && (
        <>
          <Day label="First day compared with" value={cfrom} choose={(day) => view.change({ cfrom: day })} />
          <Day label="Last day compared with" value={cto} choose={(day) => view.change({ cto: day })} />
        </>
      )}
    </>
  );
}

interface DayProps {
  label: string;
  value?: string;
  choose: (day: string) => void;
}

function Day({ label, value, choose }: DayProps) {
  return (
    <input
      type="date"
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => event.target.value && choose(event.target.value)}
    />
  );
}

/** The step of the graph, where there is a choice. */
export function Steps() {
  const view = useSiteView();
  if (view.steps.length < 2) return null;
  return (
    <select
      aria-label="Step of the graph"
      value={view.step}
      onChange={(event) => {
        const step = event.target.value as Interval;
        view.change({ interval: step === view.steps[0] ? undefined : step });
      }}
    >
      {view.steps.map((step) => (
        <option key={step} value={step}>
          {INTERVALS[step]}
        </option>
      ))}
    </select>
  );
}
