const whole = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const decimal = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const regions = new Intl.DisplayNames(undefined, { type: 'region' });

export const METRICS = {
  visitors: 'Unique visitors',
  visits: 'Visits',
  pageviews: 'Pageviews',
  views_per_visit: 'Views per visit',
  bounce_rate: 'Bounce rate',
  visit_duration: 'Visit duration',
  total_revenue: 'Revenue',
  events: 'Events',
  conversion_rate: 'Conversion rate',
} as const;

export type Metric = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as Metric[];

const ELSEWHERE = {
  visitors: 'Visitors',
  percentage: 'Share of visitors',
  group_conversion_rate: 'Conversion rate of each',
};

/** What people call a metric, where there is little room. */
export function metricName(metric: string): string {
  const known: Record<string, string> = { ...METRICS, ...ELSEWHERE };
  const words = metric.replace(/^.*:/, '').replaceAll('_', ' ');
  return known[metric] ?? `${words[0]?.toUpperCase() ?? ''}${words.slice(1)}`;
}

/** Units of time with their seconds, the largest first, as they are written where there is little room. */
const UNITS = (
  [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ] as const
).map(([unit, seconds]) => ({
  seconds,
  format: new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'narrow' }),
}));

/** The two largest parts of a span of time: `2d 3h`, `1m 58s`, or what the reader's language has for them. */
export function duration(seconds: number): string {
  const rounded = Math.round(seconds);
  const first = UNITS.findIndex((unit) => rounded >= unit.seconds);
  const parts = UNITS.slice(first, first < 0 ? undefined : first + 2);
  let rest = rounded;
  return parts
    .map(({ seconds, format }) => {
      const count = Math.floor(rest / seconds);
      rest -= count * seconds;
      return format.format(count);
    })
    .join(' ');
}

const RATES = new Set([
  'bounce_rate',
  'percentage',
  'conversion_rate',
  'group_conversion_rate',
  'scroll_depth',
]);
const PER_ONE = /_per_visit(or)?$/;
const DURATIONS = new Set(['visit_duration', 'time_on_page']);

export const isRate = (metric: string): boolean => RATES.has(metric);
/** Whether a metric is a number of seconds. */
export const isDuration = (metric: string): boolean => DURATIONS.has(metric);
export const isMoney = (metric: string): boolean => /_revenue$|^revenue_per_/.test(metric);

/** A figure as people read it; `short` writes large counts as 12.3K. */
export function figure(
  metric: string,
  value: number | null | undefined,
  short = false,
  currency?: string,
): string {
  if (value === null || value === undefined) return '–';
  if (isMoney(metric)) return money(value, currency, short);
  if (isRate(metric)) return rate(value);
  if (isDuration(metric)) return duration(value);
  if (PER_ONE.test(metric)) return decimal.format(value);
  return short && value >= 10_000 ? compact.format(value) : whole.format(value);
}

/** The smallest part of a hundred that is written as a number. */
const LEAST_PERCENT = 0.1;

/** A rate in percent; a few of very many are not none. */
function rate(value: number): string {
  const isSmall = value > 0 && value < LEAST_PERCENT / 2;
  return isSmall ? `< ${percent.format(LEAST_PERCENT / 100)}` : percent.format(value / 100);
}

/** Whether a metric counts things, of which there are no halves. */
export const isWhole = (metric: string): boolean =>
  !isRate(metric) && !isMoney(metric) && !PER_ONE.test(metric);

/** A figure that was computed and not counted: counts are whole. */
export const counted = (metric: string, value: number): number =>
  isWhole(metric) ? Math.round(value) : value;

function money(value: number, currency = 'USD', short: boolean): string {
  const notation = short && value >= 10_000 ? 'compact' : 'standard';
  // Of thousands nobody reads the cents.
  const rounded = short && notation === 'standard' && value >= 1000 && { maximumFractionDigits: 0 };
  try {
    return new Intl.NumberFormat(undefined, { style: 'currency', currency, notation, ...rounded }).format(
      value,
    );
  } catch {
    return `${whole.format(value)} ${currency}`; // not a code the browser knows
  }
}

export const change = (now: number, before: number) =>
  before ? percent.format(Math.abs(now / before - 1)) : '';

const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** An instant for the reader, in their own zone. */
export const moment = (at: number | string) => dayAndTime.format(new Date(at));

/** Two instants, likewise. */
export const momentRange = (from: string, to: string) => dayAndTime.formatRange(new Date(from), new Date(to));

const dayOfThisYear = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/** An instant, or two, where there is little room: the year is left out where it is this one. */
export function shortMoments(from: string, to = from): string {
  const [first, last] = [new Date(from), new Date(to)];
  const style = first.getFullYear() === new Date().getFullYear() ? dayOfThisYear : dayAndTime;
  return style.formatRange(first, last);
}

/** What the server calls the country of whom no address database knows. */
const NOWHERE = '(not set)';

export function countryName(code: string): string {
  try {
    return !code || code === NOWHERE ? 'Unknown' : (regions.of(code) ?? code);
  } catch {
    return code; // not a code of ISO 3166
  }
}

const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
let codes: Map<string, string> | undefined;

/** The code of a country by its name in the reader's language, or by itself, in small letters. */
export function countryCode(name: string): string | undefined {
  codes ??= new Map(
    LETTERS.flatMap((one) =>
      LETTERS.flatMap((other): [string, string][] => {
        const code = one + other;
        return [countryName(code), code].map((name) => [name.toLowerCase(), code]);
      }),
    ),
  );
  return codes.get(name);
}

/** A time label of the server (site's own clock) for the reader. */
export function bucket(label: string, interval: string): string {
  const date = new Date(`${label.replace(' ', 'T').padEnd(10)}${label.length > 10 ? 'Z' : 'T00:00:00Z'}`);
  const style: Intl.DateTimeFormatOptions =
    interval === 'time:minute'
      ? { hour: 'numeric', minute: '2-digit' }
      : interval === 'time:hour'
        ? { weekday: 'short', hour: 'numeric', minute: '2-digit' }
        : interval === 'time:month'
          ? { month: 'short', year: 'numeric' }
          : { weekday: 'short', day: 'numeric', month: 'short' };
  return new Intl.DateTimeFormat(undefined, { ...style, timeZone: 'UTC' }).format(date);
}

const dated = (day: string) => new Date(`${day}T00:00:00Z`);
const shortDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
const shortMinute = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
});

/** A day, `YYYY-MM-DD`. */
export const dayText = (day: string) => shortDay.format(dated(day));

/** A minute of a clock, `YYYY-MM-DD HH:MM`. */
export const minuteText = (minute: string) => shortMinute.format(new Date(`${minute.replace(' ', 'T')}Z`));

const month = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' });
const longDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeZone: 'UTC' });

/** The month of a day. */
export const monthText = (day: string) => month.format(dated(day));

/** A day with its weekday, month and year. */
export const wholeDay = (day: string) => longDay.format(dated(day));

/** Days, or two instants by the clock of `timezone`. */
export function timeText([from, to]: [string, string], timeZone: string): string {
  if (from.length === 10) return rangeText([from, to]);
  const style = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', timeZone });
  return style.formatRange(new Date(from), new Date(to));
}

export const rangeText = ([from, to]: [string, string]): string =>
  shortDay.formatRange(dated(from), dated(to));

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short', timeZone: 'UTC' });

/** The time of day of a `YYYY-MM-DDTHH:MM:SS` of the site's own clock. */
export const clockText = (local: string): string => clock.format(new Date(`${local}Z`));
