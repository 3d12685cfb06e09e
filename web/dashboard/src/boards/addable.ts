/** Which figures of parts may be stacked, sliced and summed. */
import type { ChartKind } from '../api/boards';
import type { Measure } from '../api/measures';
import { isDuration, isWhole, metricName } from '../lib/format';

const REVENUE = 'total_revenue';

/** Whether the parts of a metric make up its whole: those of a rate or of an average do not. */
export const isAddable = (metric: string): boolean =>
  metric === REVENUE || (isWhole(metric) && !isDuration(metric));

/** Metrics of the site's own of whose parts the same is to be said: what is neither counted nor summed. */
export const notAdded = (measures: Measure[]): Set<string> =>
  new Set(measures.filter(({ type }) => type !== 'count' && type !== 'sum').map(({ name }) => name));

const OF_EVENTS = new Set(['events', 'pageviews', REVENUE]);
const GOAL = 'event:goal';

/** Whether what is left of a dimension is the sum of its rows: a visitor may be in several, a visit is of one source. */
export const isPartition = (metric: string, dimension: string): boolean =>
  (OF_EVENTS.has(metric) && dimension !== GOAL) || (metric === 'visits' && dimension.startsWith('visit:'));

/** Charts that add, and what shows the same without. */
const INSTEAD: Partial<Record<ChartKind, ChartKind>> = { stacked: 'line', pie: 'bar' };

export const isAdding = (chart: string): boolean => chart in INSTEAD;

/** How a chart is drawn whose figures may not be added; areas of several kinds would lie on each other. */
export function drawnAs(chart: ChartKind, addable: boolean, several = false): ChartKind {
  if (addable) return chart;
  return chart === 'area' && several ? 'line' : (INSTEAD[chart] ?? chart);
}

export const whyNot = (metric: string): string =>
  `the ${metricName(metric).toLowerCase()} of parts does not add up to that of the whole`;
