import type { FunnelResult } from '../api/reports';
import { figure } from '../lib/format';

const share = (part: number, whole: number) => (whole ? (100 * part) / whole : 0);

/** How many got as far as each step, as bars that are a table as well. */
export function FunnelBars({ steps }: { steps: FunnelResult[] }) {
  const first = steps[0]?.visitors ?? 0;
  return (
    <table className="funnel">
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Visitors</th>
          <th scope="col">Of the first</th>
          <th scope="col">Of the one before</th>
          <th scope="col">Median time</th>
        </tr>
      </thead>
      <tbody>
        {steps.map(({ name, visitors, median_seconds }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
          <tr key={index}>
            <th scope="row">
              <span className="row" title={name}>
                <span className="part" style={{ width: `${share(visitors, first)}%` }} />
                {name}
              </span>
            </th>
            <td>{figure('visitors', visitors)}</td>
            <td>{first ? figure('percentage', share(visitors, first)) : '–'}</td>
            <td>
              {index === 0 ? '–' : figure('percentage', share(visitors, steps[index - 1]?.visitors ?? 0))}
            </td>
            <td>{index === 0 ? '–' : figure('visit_duration', median_seconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The whole of a funnel in a sentence. */
export function Converted({ steps }: { steps: FunnelResult[] }) {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last || first === last) return null;
  return (
    <p className="converted">
      <span className="big">{figure('percentage', share(last.visitors, first.visitors))}</span>{' '}
      <span className="soft">
        of {figure('visitors', first.visitors)} got to the end
        {last.median_seconds !== null && <>, in {figure('visit_duration', last.median_seconds)} (median)</>}
      </span>
    </p>
  );
}
