import { useRef } from 'react';
import type { Step } from '../api/types';

/** A minute that was over, and what was said of it before it was corrected. */
export type Corrections = Map<string, number>;

/** Minutes that are over for this long have all that comes in time. */
const SETTLED = 2;

/** Which past minutes late events or an erasure changed while somebody was looking. */
export function useCorrections(steps: Step[]): Corrections {
  const known = useRef(new Map<string, number>());
  const found = useRef<Corrections>(new Map());
  const shown = new Set(steps.map(({ time }) => time));
  const settled = steps.slice(0, -SETTLED);
  for (const { time, pageviews } of settled) {
    const before = known.current.get(time);
    if (before !== undefined && before !== pageviews && !found.current.has(time))
      found.current.set(time, before);
    known.current.set(time, pageviews);
  }
  for (const held of [known.current, found.current])
    for (const time of held.keys()) if (!shown.has(time)) held.delete(time);
  return new Map(found.current);
}
