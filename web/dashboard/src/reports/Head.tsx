import { useEffect } from 'react';
import { rangeText } from '../lib/format';
import { PERIODS } from '../lib/range';
import { TimeMenu } from '../time/TimeMenu';
import { useReport } from './context';

/** The title of a report and the time it is about. */
export function Head({ title }: { title: string }) {
  const { site, period, pair, now, weekStart, change } = useReport();
  useEffect(() => {
    document.title = `${title} · ${site}`;
  }, [title, site]);
  return (
    <div className="tools">
      <h1>{title}</h1>
      <span className="grow">{pair && rangeText(pair)}</span>
      <TimeMenu
        label="Time"
        shown={PERIODS.find(([name]) => name === period)?.[1] ?? 'Chosen days'}
        options={PERIODS}
        chosen={period}
        choose={(period) => change({ period, from: undefined, to: undefined })}
        pair={pair}
        chooseDays={(from, to) => change({ period: 'custom', from, to })}
        most={now}
        weekStart={weekStart}
      />
    </div>
  );
}
