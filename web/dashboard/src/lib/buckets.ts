import type { QueryAnswer } from '../api/types';
import { isMean } from './means';
import { addDays } from './range';

/** What is asked for where figures are drawn by time. */
export const BY_TIME = { time_labels: true, partial_time_labels: true } as const;

/** One figure per bucket: nought where nothing happened, and of a mean nothing. */
export function valuesOf({ results, meta }: QueryAnswer, metric: string): (number | null)[] {
  const none = isMean(metric) ? null : 0;
  const rows = new Map(results.map((row) => [row.dimensions[0], row.metrics[0] ?? none]));
  return (meta.time_labels ?? []).map((label) => rows.get(label) ?? none);
}

/** The same of the time compared with: null where the answer has no row, empty where nothing is compared. */
export function oldValuesOf({ results, meta }: QueryAnswer): (number | null)[] {
  if (!results.some(({ comparison }) => comparison)) return [];
  const rows = new Map(results.map((row) => [row.dimensions[0], row.comparison?.metrics[0] ?? null]));
  return (meta.time_labels ?? [...rows.keys()]).map((label) => rows.get(label ?? '') ?? null);
}

/** The wall clock where the times of an answer are: how far it is from others, its own time says. */
function clockOf({ query: { date_range } }: QueryAnswer): string {
  const [, sign, hours, minutes] = date_range[1].match(/([+-])(\d\d):(\d\d)$/) ?? [];
  const ahead = Number(`${sign ?? ''}${60 * Number(hours ?? 0) + Number(minutes ?? 0)}`);
  return new Date(Date.now() + ahead * 60_000).toISOString().replace('T', ' ').slice(0, 19);
}

/** How much of a label tells its bucket from others. */
const DIGITS: Record<string, number> = {
  'time:minute': 16,
  'time:hour': 13,
  'time:day': 10,
  'time:month': 7,
};

/** The place of the bucket in progress, or -1; what is after it has not begun. */
export function openPlace(answer: QueryAnswer, step: string, labels = answer.meta.time_labels ?? []): number {
  if (!step.startsWith('time:')) return -1;
  const clock = clockOf(answer);
  const last = labels.findLastIndex((one) => one <= clock);
  const begun = labels[last] ?? '';
  const digits = DIGITS[step];
  const isOpen = digits
    ? begun.slice(0, digits) === clock.slice(0, digits)
    : step === 'time:week' && begun > addDays(clock.slice(0, 10), -7);
  return isOpen ? last : -1;
}
