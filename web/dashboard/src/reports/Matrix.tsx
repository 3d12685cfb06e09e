import type { Cohort } from '../api/reports';
import { bucket, figure } from '../lib/format';

const OFFSETS = 14;

/** Who came back: a row per cohort, a column per period after it. */
export function Matrix({ cohorts, period }: { cohorts: Cohort[]; period: string }) {
  const columns = Math.min(OFFSETS, Math.max(...cohorts.map(({ values }) => values.length)));
  const offsets = Array.from({ length: columns }, (_, offset) => offset);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" aria-label="Cohorts" tabIndex={0}>
      <table className="matrix">
        <thead>
          <tr>
            <th scope="col">Cohort</th>
            <th scope="col">People</th>
            {offsets.map((offset) => (
              <th scope="col" key={offset}>
                {offset === 0 ? `First ${period}` : `+${offset}`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cohorts.map(({ cohort, size, values }) => (
            <tr key={cohort}>
              <th scope="row">{bucket(cohort, `time:${period}`)}</th>
              <td>{figure('visitors', size)}</td>
              {offsets.map((offset) => (
                <Cell key={offset} count={values[offset]} size={size} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({ count, size }: { count: number | undefined; size: number }) {
  if (count === undefined) return <td />;
  const share = size ? count / size : 0;
  return (
    <td title={`${figure('visitors', count)} people`}>
      <span className="heat" style={{ '--share': `${Math.round(share * 100)}%` } as React.CSSProperties}>
        {figure('percentage', share * 100)}
      </span>
    </td>
  );
}
