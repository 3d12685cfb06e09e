import type { QueryAnswer } from '../api/types';
import { askedFor, isMean, measured } from '../lib/means';
import { addDays, type Interval } from '../lib/range';

/** What the main graph draws, place by place. */
export interface Drawn {
  labels: string[];
  values: (number | null)[];
  /** The time compared with; empty without one. */
  old: (number | null)[];
  /** What its buckets are called. */
  oldLabels: string[];
  /** The place of the bucket in progress, or -1. */
  open: number;
  /** The place of the first bucket that is whole: what is shown may begin in the middle of one. */
  first: number;
}

/** One figure per bucket: without a row a count is nought; a mean is a gap, as what has not begun is. */
function figures(metric: string, answer: QueryAnswer | undefined, clock?: string): (number | null)[] {
  const none = isMean(metric) ? null : 0;
  const rows = new Map(
    answer?.results.map(({ dimensions, metrics }) => [
      dimensions[0],
      measured(askedFor(metric), metrics)[0] ?? none,
    ]),
  );
  return (answer?.meta.time_labels ?? []).map((label) =>
    clock && label > clock ? null : (rows.get(label) ?? none),
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
  metric: string,
  now: QueryAnswer | undefined,
  before: QueryAnswer | undefined,
  clock: string,
  step: Interval,
  isAll = false,
): Drawn {
  const labels = now?.meta.time_labels ?? [];
  const values = figures(metric, now, clock);
  const last = values.findLastIndex((value) => value !== null);
  return {
    labels,
    values,
    old: figures(metric, before),
    oldLabels: before?.meta.time_labels ?? [],
    open: isOpen(labels[last], clock, step) ? last : -1,
    // Before all time there was nothing that a bucket could lack.
    first: !isAll && labels.length > 1 && now?.meta.partial_time_labels?.includes(labels[0] ?? '') ? 1 : 0,
  };
}
