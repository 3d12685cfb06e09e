import { useEffect } from 'react';
import { rangeText } from '../lib/format';
import { PERIODS, type Period } from '../lib/range';
import { Chips } from '../site/Chips';
import { FilterBuilder } from '../site/FilterBuilder';
import { TIME_BUTTON, useRelease, useTimes } from '../site/shortcuts';
import { TimeMenu } from '../time/TimeMenu';
import { useReport } from './context';

interface Props {
  title: string;
  /** What the report can be filtered by, where it can. */
  dimensions?: Record<string, string>;
}

/** The title of a report, the time it is about, and whom it is about. */
export function Head({ title, dimensions }: Props) {
  const view = useReport();
  const { site, period, pair, now, weekStart, change } = view;
  const choose = (period: Period) => change({ period, from: undefined, to: undefined });
  useTimes(choose);
  useRelease(view.filters, () => view.setFilters([]));
  useEffect(() => {
    document.title = `${title} · ${site}`;
  }, [title, site]);
  return (
    <>
      <div className="tools">
        <h1>{title}</h1>
        <span className="grow">{pair && rangeText(pair)}</span>
        {dimensions && <FilterBuilder of={view} dimensions={dimensions} />}
        <TimeMenu
          id={TIME_BUTTON}
          label="Time"
          shown={PERIODS.find(([name]) => name === period)?.[1] ?? 'Chosen days'}
          options={PERIODS}
          chosen={period}
          choose={choose}
          pair={pair}
          chooseDays={(from, to) => change({ period: 'custom', from, to })}
          most={now}
          weekStart={weekStart}
        />
      </div>
      {dimensions ? <Chips of={view} /> : <Unfiltered filters={view.filters} />}
    </>
  );
}

/** Says where filters that came along from another page do not count. */
export const Unfiltered = ({ filters }: { filters: unknown[] }) =>
  filters.length > 0 && (
    <p className="soft">
      {filters.length === 1 ? 'The filter that is chosen does' : 'The filters that are chosen do'} not count
      on this page.
    </p>
  );
