import type { Refused } from '../api/types';
import { quoted } from '../session/told';

/** What files may hold: as the server calls it, and as people do. */
export const FORMATS = [
  ['ndjson', 'Events, one JSON object per line (NDJSON)'],
  ['csv', 'Events in columns (CSV)'],
  ['combined', 'Access log of Apache or nginx'],
  ['common', 'Access log without user agents'],
  ['umami', 'Umami: website_event.csv'],
  ['ga4', 'Google Analytics 4: rows of BigQuery as JSON'],
] as const;

export type Format = (typeof FORMATS)[number][0];

/** What a file probably holds, by its name. */
export function guessed(name: string): Format | undefined {
  if (/website_event/i.test(name)) return 'umami';
  if (/\.csv(\.gz)?$/i.test(name)) return 'csv';
  if (/\.(ndjson|jsonl|json)(\.gz)?$/i.test(name)) return 'ndjson';
  if (/(^|[^a-z])log([^a-z]|$)/i.test(name)) return 'combined';
}

/** Why a line is no event. */
const REASONS: Record<string, string> = {
  asset: 'images, styles, scripts, fonts, feeds and downloads',
  bot: 'crawlers and tools',
  invalid_csv: 'no line of CSV',
  invalid_json: 'no JSON object',
  invalid_props: 'properties that are no JSON object',
  invalid_utf8: 'no UTF-8',
  malformed: 'no line of this kind of file',
  method: 'requests other than GET',
  no_event: 'nothing that somebody did',
  other_columns: 'other columns than there should be',
  other_website: 'of another website',
  status: 'pages that were not there',
  ts_invalid: 'a time that cannot be read',
  ts_missing: 'no time (“ts”)',
};

export const reasonOf = ({ code, message }: Refused): string =>
  message ? quoted(message) : (REASONS[code] ?? code);
