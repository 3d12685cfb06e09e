import { bucket } from '../lib/format';
import type { Interval } from '../lib/range';
import { type Marked, topOf } from './graph';

const SHOWN = 4;

/** In words what the marks on the graph are. */
export function Marks({ marked, step }: { marked: Marked; step: Interval }) {
  const { labels, unusual, corrected, expected } = marked;
  const odd = labels.flatMap((label) => {
    const one = unusual.get(label);
    return one ? [{ label, reason: one.reason }] : [];
  });
  if (odd.length + corrected.size + expected.size === 0) return null;
  return (
    <ul className="marks" aria-label="Marks on the graph">
      {odd.slice(-SHOWN).map(({ label, reason }) => (
        <li key={label}>
          <svg width="10" height="10" aria-hidden="true">
            <circle cx="5" cy="5" r="5" fill="var(--bad)" />
          </svg>
          {bucket(label, step)}: {reason}
        </li>
      ))}
      {[...corrected].slice(-SHOWN).map((place) => (
        <li key={place}>
          <svg width="11" height="11" aria-hidden="true">
            <path d="M5.500 0l5.500 5.500L5.500 11 0 5.500z" fill="var(--warn)" />
          </svg>
          {bucket(labels[place] ?? '', step)}: corrected
        </li>
      ))}
      {expected.size > 0 && (
        <li>
          <svg width="16" height="10" aria-hidden="true">
            <rect width="16" height="10" fill="var(--accent)" opacity="0.18" />
            <path d="M0 5h16" stroke="var(--accent)" strokeWidth="2" strokeDasharray="4 3" />
          </svg>
          {topOf(marked) === undefined
            ? 'expected, with the band that holds 95 of 100'
            : 'expected; the band that holds 95 of 100 goes on above the graph'}
        </li>
      )}
    </ul>
  );
}
