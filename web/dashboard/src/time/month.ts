import { addDays } from '../lib/range';

const WEEKS = 6;
const WEEK = 7;

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

export type WeekStart = (typeof WEEKDAYS)[number];

/** The day on which a site's weeks begin, as its settings say it. */
export const weekStart = (said: string | undefined): WeekStart =>
  WEEKDAYS.find((day) => day === said) ?? 'monday';

/** How many days of its week came before `day`. */
export const placeInWeek = (day: string, start: WeekStart): number =>
  (new Date(`${day}T00:00:00Z`).getUTCDay() - WEEKDAYS.indexOf(start) + WEEK) % WEEK;

/** The days of six weeks from the one in which the month of `day` begins: no month needs more. */
export function weeksOf(day: string, start: WeekStart): string[][] {
  const first = `${day.slice(0, 7)}-01`;
  const from = addDays(first, -placeInWeek(first, start));
  return Array.from({ length: WEEKS }, (_, week) =>
    Array.from({ length: WEEK }, (_, place) => addDays(from, week * WEEK + place)),
  );
}
