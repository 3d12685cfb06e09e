import type { Condition } from '../api/types';
import { METRIC_NAMES, METRICS, type Metric } from './format';

const PAGE = 'event:page';
const GOAL = 'event:goal';
const NAME = 'event:name';
const PROPERTY = 'event:props:';

/** Of whole visits. By a filter of what single events are they say nothing of what was done. */
const OF_VISITS: ReadonlySet<Metric> = new Set(['views_per_visit', 'bounce_rate', 'visit_duration']);
/** Tiles where visits with some events are shown. */
const OF_EVENTS: ReadonlySet<Metric> = new Set(['visitors', 'visits', 'events', 'total_revenue']);
/** Tiles where those are shown who reached a goal. */
const OF_GOALS: ReadonlySet<Metric> = new Set(['visitors', 'events', 'conversion_rate', 'total_revenue']);

const isAbout = (filters: Condition[], ...dimensions: string[]) =>
  filters.some(([operator, name]) => !operator.endsWith('_not') && dimensions.includes(name));

/** Whether filters leave only those who reached a goal. */
const areOfGoals = (filters: Condition[] = []): boolean => isAbout(filters, GOAL);

/** Whether filters leave single events of visits: a goal, an event, or what it says of itself. */
export const areOfEvents = (filters: Condition[] = []): boolean =>
  isAbout(filters, GOAL, NAME) ||
  filters.some(([operator, name]) => !operator.endsWith('_not') && name.startsWith(PROPERTY));

/** Whether a metric has a meaning under these filters. */
export function isMeasurable(metric: Metric, filters: Condition[] = []): boolean {
  // Of everybody there is no rate of those who did something.
  if (metric === 'conversion_rate') return filters.some(([, dimension]) => dimension === GOAL);
  // Views of pages are events of one name, which others are not.
  if (metric === 'pageviews') return !isAbout(filters, GOAL, NAME);
  return !areOfEvents(filters) || !OF_VISITS.has(metric);
}

/** The metrics that are tiles under these filters; the one that was chosen is among them. */
export function tilesOf(filters: Condition[] = [], chosen?: Metric): Metric[] {
  const isUsual = (metric: Metric) => {
    if (areOfGoals(filters)) return OF_GOALS.has(metric);
    if (areOfEvents(filters)) return OF_EVENTS.has(metric);
    if (metric === 'events' || metric === 'conversion_rate') return false;
    // Pages are counted and visits are whole: one by the other is neither.
    return metric !== 'views_per_visit' || !filters.some(([, dimension]) => dimension === PAGE);
  };
  return METRIC_NAMES.filter((metric) => metric === chosen || isUsual(metric));
}

/** What people call a metric under these filters. */
export function calledUnder(filters: Condition[], metric: Metric): string {
  if (areOfGoals(filters) && metric === 'visitors') return 'Unique conversions';
  if (areOfGoals(filters) && metric === 'events') return 'Total conversions';
  return METRICS[metric];
}
