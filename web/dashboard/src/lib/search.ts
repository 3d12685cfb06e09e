import type { Condition } from '../api/types';
import { METRIC_NAMES, type Metric } from './format';
import { type Compare, INTERVALS, type Interval, PERIODS, type Period } from './range';

/** Everything a person chose on the site page; all of it is in the address. */
export interface SiteSearch {
  period?: Period;
  from?: string;
  to?: string;
  compare?: Compare;
  /** The days compared with, where they were chosen. */
  cfrom?: string;
  cto?: string;
  /** The step of the graph, where it is not the usual one. */
  interval?: Interval;
  metric?: Metric;
  filters?: Condition[];
  /** The chosen tab of each panel, where it is not the first. */
  tabs?: Record<string, string>;
  /** The graph without what is expected and what is unusual. */
  plain?: true;
  /** The panel tab shown as a large table. */
  open?: string;
}

const OPERATORS = new Set(['is', 'is_not', 'contains', 'contains_not', 'matches', 'matches_not']);
const DAY = /^\d{4}-\d{2}-\d{2}$/;

function condition(value: unknown): value is Condition {
  return (
    Array.isArray(value) &&
    OPERATORS.has(value[0]) &&
    typeof value[1] === 'string' &&
    Array.isArray(value[2]) &&
    value[2].length > 0 &&
    value[2].every((item: unknown) => typeof item === 'string')
  );
}

/** A day of an address, where it is one. */
export const day = (value: unknown) =>
  typeof value === 'string' && DAY.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;

/** The filters that an address names. */
export function filtersOf(raw: unknown): Condition[] | undefined {
  const filters = Array.isArray(raw) ? raw.filter(condition) : [];
  return filters.length ? filters : undefined;
}

/**
 * Reads an address that anybody may have written. What is not understood is there as nothing: the router puts what
 * was read over what was written, and what is left out would stay as it was written.
 */
export function readSearch(raw: Record<string, unknown>): SiteSearch {
  const tabs = Object.entries(raw.tabs ?? {}).filter(([, tab]) => typeof tab === 'string');
  const filters = filtersOf(raw.filters);
  const converts = filters?.some(([, dimension]) => dimension === 'event:goal');
  return {
    period: [...PERIODS.map(([name]) => name), 'custom' as const].find((name) => name === raw.period),
    from: day(raw.from),
    to: day(raw.to),
    compare: (['previous', 'year', 'weekdays', 'custom'] as const).find((mode) => mode === raw.compare),
    cfrom: day(raw.cfrom),
    cto: day(raw.cto),
    interval: (Object.keys(INTERVALS) as Interval[]).find((name) => name === raw.interval),
    // Of everybody there is no rate of those who did something.
    metric: METRIC_NAMES.find((name) => name === raw.metric && (name !== 'conversion_rate' || converts)),
    filters,
    plain: raw.plain === true ? true : undefined,
    tabs: tabs.length ? Object.fromEntries(tabs) : undefined,
    open: typeof raw.open === 'string' ? raw.open : undefined,
  };
}

/** The conditions with `value` of `dimension` chosen, or let go where it was chosen. */
export function toggled(filters: Condition[], dimension: string, value: string): Condition[] {
  const chosen = filters.some(
    ([op, name, values]) => op === 'is' && name === dimension && values[0] === value,
  );
  const others = filters.filter(([op, name]) => op !== 'is' || name !== dimension);
  return chosen ? others : [...others, ['is', dimension, [value]]];
}
