import type { DateRange } from '../api/types';

export const PERIODS = [
  ['day', 'Today', 'd'],
  ['yesterday', 'Yesterday', 'e'],
  ['24h', 'Last 24 hours', 'h'],
  ['7d', 'Last 7 days', 'w'],
  ['28d', 'Last 28 days', 'f'],
  ['30d', 'Last 30 days', 't'],
  ['91d', 'Last 91 days', 'n'],
  ['month', 'Month to date', 'm'],
  ['last_month', 'Last month', 'p'],
  ['year', 'Year to date', 'y'],
  ['6mo', 'Last 6 months', 's'],
  ['12mo', 'Last 12 months', 'l'],
  ['all', 'All time', 'a'],
] as const;

export type Period = (typeof PERIODS)[number][0] | 'custom';
/** The time that pages are of where nobody chose one. */
export const USUAL_PERIOD: Period = '28d';
export type Compare = 'previous' | 'year' | 'weekdays' | 'custom';

/** The day it is in `timezone`, as `YYYY-MM-DD`. */
export function today(timezone: string, now = new Date()): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short' }).format(now);
}

/** The wall clock in `timezone`, as `YYYY-MM-DD HH:MM:SS`, comparable as text. */
export function wallClock(timezone: string, now = new Date()): string {
  return new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(now);
}

const text = (date: Date) => date.toISOString().slice(0, 10);

export function addDays(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return text(date);
}

export function addMonths(day: string, months: number): string {
  const [year = 0, month = 1, dayOfMonth = 1] = day.split('-').map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return text(new Date(Date.UTC(year, month - 1 + months, Math.min(dayOfMonth, last))));
}

export const ordered = (one: string, other: string): [string, string] =>
  one <= other ? [one, other] : [other, one];

const firstOfMonth = (day: string) => `${day.slice(0, 7)}-01`;

/** The closed pair of days of a period, or null where only the server knows it. */
export function days(period: Period, now: string, from?: string, to?: string): [string, string] | null {
  switch (period) {
    case 'day':
      return [now, now];
    case 'yesterday':
      return [addDays(now, -1), addDays(now, -1)];
    case 'month':
      return [firstOfMonth(now), now];
    case 'last_month': {
      const last = addDays(firstOfMonth(now), -1);
      return [firstOfMonth(last), last];
    }
    case 'year':
      return [`${now.slice(0, 4)}-01-01`, now];
    case '6mo':
      return [firstOfMonth(addMonths(now, -5)), now];
    case '12mo':
      return [firstOfMonth(addMonths(now, -11)), now];
    case '24h':
    case 'all':
      return null;
    case 'custom':
      return from && to ? ordered(from, to) : [addDays(now, -27), now];
    default:
      return [addDays(now, 1 - Number.parseInt(period, 10)), now];
  }
}

export function length([from, to]: [string, string]): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;
}

/** Days of a year that is whole weeks: what was a Monday stays one. */
const WEEKS_OF_A_YEAR = 364;

/** The days compared with: as many right before, those a year before by date or by weekday, or chosen ones. */
export function compared(
  pair: [string, string],
  mode: Compare,
  from?: string,
  to?: string,
): [string, string] | null {
  if (mode === 'custom') return from && to ? ordered(from, to) : null;
  if (mode === 'weekdays') return [addDays(pair[0], -WEEKS_OF_A_YEAR), addDays(pair[1], -WEEKS_OF_A_YEAR)];
  if (mode === 'year') return [addMonths(pair[0], -12), addMonths(pair[1], -12)];
  const count = length(pair);
  return [addDays(pair[0], -count), addDays(pair[1], -count)];
}

const DAY_MS = 86_400_000;

/** The twenty-four hours compared with those up to `now`: right before them, or a year before. */
export function shifted(now: number, mode: Exclude<Compare, 'custom'>): [string, string] {
  const end = new Date(now);
  if (mode === 'year') end.setUTCFullYear(end.getUTCFullYear() - 1);
  else end.setTime(now - (mode === 'weekdays' ? WEEKS_OF_A_YEAR : 1) * DAY_MS);
  return [new Date(end.getTime() - DAY_MS).toISOString(), end.toISOString()];
}

/** Of more days than these, what is missing of the last no longer tells. */
const TOLD_DAYS = 91;

/**
 * What of the days compared with had passed when it was as late on their last day as it is on that of `pair`: figures
 * of a day that goes on are not fairly set beside those of a whole one. Null where whole days are compared.
 *
 * @param clock what the clock of the site shows, as `YYYY-MM-DD HH:MM:SS`
 */
export function soFar(
  before: [string, string],
  pair: [string, string],
  clock: string,
): [string, string] | null {
  const [now, time] = clock.split(' ');
  if (pair[1] !== now || length(pair) > TOLD_DAYS) return null;
  return [`${before[0]}T00:00:00`, `${before[1]}T${time}`];
}

const isLastOfMonth = (day: string) => addDays(day, 1).endsWith('-01');

/** Months of the periods that are to date. */
const MONTHS: Partial<Record<Period, number>> = { month: 1, '6mo': 6, '12mo': 12, year: 12 };

/**
 * The time before (-1) or after (1) this one, as long and not later than `now`: months stay whole months, and
 * what is to date is left as if it were whole. Null where only the future follows.
 */
export function moved(
  [from, to]: [string, string],
  period: Period,
  direction: 1 | -1,
  now: string,
): [string, string] | null {
  const months = MONTHS[period] ?? monthsOf(from, to);
  const count = length([from, to]);
  const first = months ? addMonths(from, months * direction) : addDays(from, count * direction);
  if (first > now) return null;
  const last = months ? addDays(addMonths(first, months), -1) : addDays(first, count - 1);
  if (last <= now) return [first, last];
  return months ? [first, now] : [addDays(now, 1 - count), now];
}

/** The period that is these days today, where there is one. */
export function periodOf([from, to]: [string, string], now: string): Period {
  const found = PERIODS.find(([name]) => {
    const pair = days(name, now);
    return pair?.[0] === from && pair[1] === to;
  });
  return found?.[0] ?? 'custom';
}

/** How many whole months the days are; 0 where they are none. */
function monthsOf(from: string, to: string): number {
  if (!from.endsWith('-01') || !isLastOfMonth(to)) return 0;
  const count = (day: string) => 12 * Number(day.slice(0, 4)) + Number(day.slice(5, 7));
  return count(to) - count(from) + 1;
}

/** What the server is asked for: the days, or the name of a period only it knows. */
export const sent = (pair: [string, string] | null, period: Period): DateRange => pair ?? period;

export const INTERVALS = {
  'time:minute': 'Minutes',
  'time:hour': 'Hours',
  'time:day': 'Days',
  'time:week': 'Weeks',
  'time:month': 'Months',
} as const;

export type Interval = keyof typeof INTERVALS;

/** The steps the graph may have; the first is the one it has unless another is chosen. */
export function intervals(pair: [string, string] | null, period: Period): [Interval, ...Interval[]] {
  if (!pair) return period === '24h' ? ['time:hour'] : ['time:month', 'time:week', 'time:day'];
  const count = length(pair);
  if (count === 1) return ['time:hour', 'time:minute'];
  if (count === 2) return ['time:hour', 'time:day'];
  if (count <= 14) return ['time:day', 'time:hour'];
  if (count <= 31) return ['time:day', 'time:week'];
  if (count <= 120) return ['time:day', 'time:week', 'time:month'];
  return ['time:month', 'time:week', 'time:day'];
}
