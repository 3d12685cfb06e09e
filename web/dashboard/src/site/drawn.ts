import type { QueryAnswer } from '../api/types';
import { addDays, type Interval } from '../lib/range';

/** What the main graph draws, place by place. */
export interface Drawn {
  labels: string[];
  values: (number | null)[];
  /** The time compared with; empty without one. */
  old: (number | null)[];
  /** The place of the bucket in progress, or -1. */
  open: number;
}

/** One figure per bucket: a bucket without a row is nought, one that has not begun is a gap. */
function figures(answer: QueryAnswer | undefined, clock?: string): (number | null)[] {
  const rows = new Map(answer?.results.map((row) => [row.dimensions[0], row.metrics[0] ?? 0]));
  return (answer?.meta.time_labels ?? []).map((label) =>
    clock && label > clock ? null : (rows.get(label) ?? 0),
  );
}

/** How much of a label tells its bucket from others. */
const DIGITS = { 'time:minute': 16, 'time:hour': 13, 'time:day': 10, 'time:month': 7 } as const;

const weekBefore = (clock: string) => addDays(clock.slice(0, 10), -7);

/** Whether the last bucket that has begun is still open. */
function isOpen(label: string | undefined, clock: string, step: Interval): boolean {
  if (!label) return false;
  if (step === 'time:week') return label > weekBefore(clock);
  const digits = DIGITS[step];
  return label.slice(0, digits) === clock.slice(0, digits);
}

export function drawnOf(
  now: QueryAnswer | undefined,
  before: QueryAnswer | undefined,
  clock: string,
  step: Interval,
): Drawn {
  const labels = now?.meta.time_labels ?? [];
  const values = figures(now, clock);
  const last = values.findLastIndex((value) => value !== null);
  return { labels, values, old: figures(before), open: isOpen(labels[last], clock, step) ? last : -1 };
}
