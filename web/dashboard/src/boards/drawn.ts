import type { QueryAnswer } from '../api/types';
import { bucket, figure } from '../lib/format';
import { addDays } from '../lib/range';
import { rowName } from '../site/names';

/** What an answer is drawn from: its dimensions by name, its first metric, and what it is counted in. */
export interface Drawn {
  answer: QueryAnswer;
  dimensions: string[];
  metric: string;
  currency: string;
  /** Whether the figures of parts are those of a whole when they are added. */
  addable: boolean;
  /** How many rows were asked for, where the tile says so. */
  limit: number | undefined;
}

/** What lies along a drawing by time or by values: all buckets where the server names them. */
export const labelsOf = ({ answer: { meta, results } }: Drawn): string[] =>
  meta.time_labels ?? [...new Set(results.map((row) => row.dimensions[0] ?? ''))];

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
export function openOf({ answer, dimensions: [step = ''] }: Drawn, labels: string[]): number {
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

export const label = (dimension: string, value: string) =>
  dimension.startsWith('time:') ? bucket(value, dimension) : rowName(dimension, value);

/** A figure of it as people read it. */
export const written =
  ({ metric, currency }: Drawn, short = false) =>
  (value: number | null) =>
    figure(metric, value, short, currency);
