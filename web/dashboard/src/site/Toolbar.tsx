import { Link } from '@tanstack/react-router';
import type { LiveFigures } from '../api/types';
import { clockText, figure, rangeText, timeText } from '../lib/format';
import { type Compare, INTERVALS, type Interval, PERIODS } from '../lib/range';
import { TimeMenu } from '../time/TimeMenu';
import { Turn } from '../time/Turn';
import { Chips } from './Chips';
import { timeOf, useSiteView } from './context';
import { ExportAll } from './ExportAll';
import { FilterBuilder } from './FilterBuilder';
import { TIME_BUTTON } from './shortcuts';

export function Toolbar({ figures }: { figures?: LiveFigures }) {
  const view = useSiteView();
  return (
    <>
      <div className="tools">
        <Link to="/sites/$site/live" params={{ site: view.site }} className="now">
          <span className={figures ? 'dot' : 'dot waiting'} />
          {figures ? `${figure('visitors', figures.visitors_now)} now` : 'Connecting'}
        </Link>
        <span className="grow">
          {view.pair && `${rangeText(view.pair)} `}
          {view.before && `${view.pair ? 'against' : 'Against'} ${timeText(view.before, view.timezone)}`}
          {view.soFar && ` until ${clockText(view.soFar[1])}`}
        </span>
        <FilterBuilder of={view} />
        <ExportAll />
        <Time />
        <Comparison />
      </div>
      <Chips of={view} />
    </>
  );
}

/** What can be compared with; one key leads there and back. */
const comparisons = (chosen: Compare | 'none') =>
  [
    ['none', 'No comparison', chosen === 'none' ? undefined : 'x'],
    ['previous', 'With the time before', chosen === 'none' ? 'x' : undefined],
    ['year', 'With a year before'],
    ['weekdays', 'With a year before, by weekday'],
  ] as const;

function Time() {
  const view = useSiteView();
  const [before, after] = [view.moved(-1), view.moved(1)];
  return (
    <span className="turns">
      <Turn label="The time before" sign="‹" disabled={!before} turn={() => before && view.change(before)} />
      <TimeMenu
        id={TIME_BUTTON}
        label="Time"
        shown={PERIODS.find(([name]) => name === view.period)?.[1] ?? 'Chosen days'}
        options={PERIODS}
        chosen={view.period}
        choose={(period) => view.change({ period, from: undefined, to: undefined, interval: undefined })}
        pair={view.pair}
        chooseDays={(first, last) => view.change(timeOf('custom', [first, last]))}
        most={view.now}
        weekStart={view.weekStart}
      />
      <Turn label="The time after" sign="›" disabled={!after} turn={() => after && view.change(after)} />
    </span>
  );
}

function Comparison() {
  const view = useSiteView();
  const chosen = (view.compares && view.search.compare) || 'none';
  const options = comparisons(chosen);
  return (
    <TimeMenu
      label="Comparison"
      shown={options.find(([name]) => name === chosen)?.[1] ?? 'With chosen days'}
      options={options}
      chosen={chosen}
      choose={(compare) =>
        view.change({
          compare: compare === 'none' ? undefined : compare,
          cfrom: undefined,
          cto: undefined,
        })
      }
      // Hours are of no days.
      pair={view.pair && view.before}
      chooseDays={(cfrom, cto) => view.change({ compare: 'custom', cfrom, cto })}
      most={view.now}
      weekStart={view.weekStart}
      {...(!view.compares && { instead: 'Before all time there is none. Choose a shorter time to compare.' })}
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
