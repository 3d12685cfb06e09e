import type { Understood } from '../api/ask';
import { dayText, minuteText } from '../lib/format';
import { addDays, wallClock } from '../lib/range';

const MIDNIGHT = '00:00';

/** How the server writes a time of a query in its sentence, and how the reader writes it. */
function writings([from, to]: [string, string]): [string, string][] {
  const [first = '', firstTime] = from.split(' ');
  const [end = '', endTime] = to.split(' ');
  if (firstTime !== MIDNIGHT || endTime !== MIDNIGHT)
    return [[`${from} to ${to}`, `${minuteText(from)} to ${minuteText(to)}`]];
  const last = addDays(end, -1);
  if (first === last)
    return ['on', 'compared with'].map((word) => [`${word} ${first}`, `${word} ${dayText(first)}`]);
  return [[`${first} to ${last}`, `${dayText(first)} to ${dayText(last)}`]];
}

const isPair = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((one) => !Number.isNaN(Date.parse(String(one))));

/**
 * The sentence in which a query is said, with its days as the reader writes them. The server says them as 2026-11-22
 * by the clock of the site, for programs and people alike; what a value of a filter says is left alone.
 */
export function said(sentence: string, query: Understood | null | undefined, timezone?: string): string {
  if (!query || !timezone) return sentence;
  return [query.date_range, query.compare]
    .filter(isPair)
    .map(([from, to]): [string, string] => [minuteOf(from, timezone), minuteOf(to, timezone)])
    .flatMap(writings)
    .reduce((text, [theirs, ours]) => text.replace(theirs, ours), sentence);
}

/** An instant by the clock of the site, as `YYYY-MM-DD HH:MM`. */
const minuteOf = (at: string, timezone: string) => wallClock(timezone, new Date(at)).slice(0, 16);
