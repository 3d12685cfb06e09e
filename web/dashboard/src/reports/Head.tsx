import { useEffect } from 'react';
import { PERIODS, type Period } from '../lib/range';
import { useReport } from './context';

/** The title of a report and the time it is about. */
export function Head({ title }: { title: string }) {
  const { site, period, change } = useReport();
  useEffect(() => {
    document.title = `${title} · ${site}`;
  }, [title, site]);
  return (
    <div className="tools">
      <h1>{title}</h1>
      <span className="grow" />
      <select
        aria-label="Time"
        value={period}
        onChange={(event) => change({ period: event.target.value as Period })}
      >
        {PERIODS.map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}
