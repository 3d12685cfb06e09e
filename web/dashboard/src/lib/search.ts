import type { Condition } from '../api/types';
import { METRIC_NAMES, type Metric } from './format';
import { isMeasurable } from './metrics';
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

const isManner = (value: unknown): boolean =>
  value === undefined ||
  (typeof value === 'object' &&
    value !== null &&
    'case_sensitive' in value &&
    typeof value.case_sensitive === 'boolean');

function condition(value: unknown): value is Condition {
  return (
    Array.isArray(value) &&
    value.length <= 4 &&
    isManner(value[3]) &&
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
function filtersOf(raw: unknown): Condition[] | undefined {
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
  return {
    period: [...PERIODS.map(([name]) => name), 'custom' as const].find((name) => name === raw.period),
    from: day(raw.from),
    to: day(raw.to),
    compare: (['previous', 'year', 'weekdays', 'custom'] as const).find((mode) => mode === raw.compare),
    cfrom: day(raw.cfrom),
    cto: day(raw.cto),
    interval: (Object.keys(INTERVALS) as Interval[]).find((name) => name === raw.interval),
    metric: METRIC_NAMES.find((name) => name === raw.metric && isMeasurable(name, filters)),
    filters,
    plain: raw.plain === true ? true : undefined,
    tabs: tabs.length ? Object.fromEntries(tabs) : undefined,
    open: typeof raw.open === 'string' ? raw.open : undefined,
  };
}

/**
 * The conditions with `value` of `dimension` chosen, or let go where it was chosen: others that were chosen with it
 * stay, and what was chosen instead of it goes.
 */
export function toggled(filters: Condition[], dimension: string, value: string): Condition[] {
  const isOf = ([operator, name]: Condition) => operator === 'is' && name === dimension;
  const chosen = filters.some((one) => isOf(one) && one[2].includes(value));
  if (!chosen) return [...filters.filter((one) => !isOf(one)), ['is', dimension, [value]]];
  return filters.flatMap((one): Condition[] => {
    if (!isOf(one)) return [one];
    const [operator, name, values, ...manner] = one;
    const others = values.filter((other) => other !== value);
    return others.length ? [[operator, name, others, ...manner]] : [];
  });
}

/** Whether two conditions ask the same. */
export function isSame(one: Condition, other: Condition): boolean {
  const said = ([operator, dimension, values, manner]: Condition) =>
    JSON.stringify([operator, dimension, [...new Set(values)].sort(), manner?.case_sensitive ?? true]);
  return said(one) === said(other);
}
