import { addDays } from '../lib/range';

const WEEKS = 6;
const WEEK = 7;

export type WeekStart = 'monday' | 'sunday';

/** How many days of its week came before `day`. */
export function placeInWeek(day: string, start: WeekStart): number {
  const sunday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return start === 'sunday' ? sunday : (sunday + 6) % WEEK;
}

/** The days of six weeks from the one in which the month of `day` begins: no month needs more. */
export function weeksOf(day: string, start: WeekStart): string[][] {
  const first = `${day.slice(0, 7)}-01`;
  const from = addDays(first, -placeInWeek(first, start));
  return Array.from({ length: WEEKS }, (_, week) =>
    Array.from({ length: WEEK }, (_, place) => addDays(from, week * WEEK + place)),
  );
}
