import type { DateRange } from '../api/types';

export const PERIODS = [
  ['day', 'Today', 'd'],
  ['yesterday', 'Yesterday', 'e'],
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
export type Compare = 'previous' | 'year';

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

function addMonths(day: string, months: number): string {
  const [year = 0, month = 1, dayOfMonth = 1] = day.split('-').map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return text(new Date(Date.UTC(year, month - 1 + months, Math.min(dayOfMonth, last))));
}

const firstOfMonth = (day: string) => `${day.slice(0, 7)}-01`;

/** The closed pair of days of a period, or null where only the server knows it (`all`). */
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
    case 'all':
      return null;
    case 'custom':
      return from && to ? (from <= to ? [from, to] : [to, from]) : [addDays(now, -27), now];
    default:
      return [addDays(now, 1 - Number.parseInt(period, 10)), now];
  }
}

export function length([from, to]: [string, string]): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;
}

export function compared(pair: [string, string], mode: Compare): [string, string] {
  if (mode === 'year') return [addMonths(pair[0], -12), addMonths(pair[1], -12)];
  const count = length(pair);
  return [addDays(pair[0], -count), addDays(pair[1], -count)];
}

export const sent = (pair: [string, string] | null): DateRange => pair ?? 'all';

export type Interval = 'time:hour' | 'time:day' | 'time:month';

export function interval(pair: [string, string] | null): Interval {
  if (!pair) return 'time:month';
  const count = length(pair);
  return count <= 2 ? 'time:hour' : count <= 120 ? 'time:day' : 'time:month';
}
