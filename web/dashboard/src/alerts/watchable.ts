import type { Measure, Measured } from '../api/measures';
import { metricName } from '../lib/format';
import type { Fields } from './rule';
import { WINDOWS } from './sentence';

/** Metrics that rules can watch and what they count, those first that most rules are about. */
const WATCHED: Record<string, 'events' | 'people' | 'visits'> = {
  pageviews: 'events',
  events: 'events',
  visitors: 'people',
  visits: 'visits',
  total_revenue: 'events',
  bounce_rate: 'visits',
  visit_duration: 'visits',
  views_per_visit: 'visits',
  revenue_per_visit: 'visits',
  average_revenue: 'events',
  events_per_visitor: 'people',
  conversion_rate: 'people',
  group_conversion_rate: 'people',
  percentage: 'people',
  scroll_depth: 'people',
  time_on_page: 'people',
};

/** What alerts can be told apart by; the program names them without their scope. */
export const GROUPS = {
  source: 'source',
  country: 'country',
  page: 'page',
  device: 'device',
  browser: 'browser',
} as const;
const GOAL = { goal: 'goal' };

/** What a metric is nothing without: a dimension, in a condition or for each of its values. */
interface Need {
  dimension: 'event:goal' | 'event:page';
  /** As groups call it. */
  group: string;
  /** What is asked for where neither is said. */
  ask: string;
}

const CONVERTING: Need = {
  dimension: 'event:goal',
  group: 'goal',
  ask: 'Say which goal it is about, or choose one alert for each goal.',
};
const READING: Need = {
  dimension: 'event:page',
  group: 'page',
  ask: 'Say which page it is about, or choose one alert for each page.',
};
const NEEDS: Record<string, Need> = {
  conversion_rate: CONVERTING,
  group_conversion_rate: CONVERTING,
  scroll_depth: READING,
  time_on_page: READING,
};

/** How a metric can be watched. */
export interface Watching {
  need?: Need | undefined;
  /** The lengths of time that it can be of. */
  windows: Record<string, string>;
  /** What alerts can be told apart by, without a choice where the metric is of one value. */
  groups: Record<string, string>;
}

export function watching(metric: string, own: Measure[]): Watching {
  const measure = own.find(({ name }) => name === metric);
  return {
    need: NEEDS[metric],
    windows: (measure ? countsPeople(measure) : WATCHED[metric] === 'people') ? peopleWindows() : WINDOWS,
    groups: {
      ...(metric !== 'percentage' && { '': 'all' }),
      ...GROUPS,
      ...(WATCHED[metric] !== 'visits' && GOAL),
    },
  };
}

/** What is still to be said of a rule that the form says, in a sentence. */
export function missing(metric: string | undefined, { filtered, only, group }: Fields): string | undefined {
  const need = metric ? NEEDS[metric] : undefined;
  const isEach = need !== undefined && (group === need.group || group === need.dimension);
  if (need && !isEach && !(filtered === need.dimension && only)) return need.ask;
  if (filtered && !only && !isEach) return 'Say what it is of which you want to hear, or choose “anything”.';
  return undefined;
}

/** Who comes in two minutes is one: numbers of people are not added up. */
const peopleWindows = () => ({ '1h': WINDOWS['1h'], '1m': WINDOWS['1m'], '1d': WINDOWS['1d'] });

/** What the form offers: metrics of every site, and those of one's own that add up. */
export const offered = (own: Measure[]): { every: Record<string, string>; own: Record<string, string> } => ({
  every: names(Object.keys(WATCHED)),
  own: names(own.filter(addsUp).map(({ name }) => name)),
});

const names = (metrics: string[]) => Object.fromEntries(metrics.map((name) => [name, metricName(name)]));

const parts = ({ numerator, denominator }: Measured) =>
  [numerator, denominator].filter((part) => part !== undefined);

/** Percentiles, extremes and means within ratios cannot be had from those of minutes. */
function addsUp(measure: Measured): boolean {
  if (measure.type === 'ratio') return parts(measure).every(({ type }) => type === 'count' || type === 'sum');
  return measure.type === 'count' || measure.type === 'sum' || measure.type === 'average';
}

const countsPeople = (measure: Measured): boolean =>
  [measure, ...parts(measure)].some(({ type, of }) => type === 'count' && of === 'visitors');
