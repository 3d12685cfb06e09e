import type { Condition } from '../api/types';
import { PERIODS, type Period } from '../lib/range';
import { day, filtersOf } from '../lib/search';

/** What a report's address says; the rest of it is the report's own. */
export interface ReportSearch {
  period?: Period;
  /** The days, where they were chosen. */
  from?: string;
  to?: string;
  filters?: Condition[];
  /** The report's settings, as it reads them. */
  ask?: Record<string, unknown>;
}

/** Reads an address that anybody may have written. What is not understood is there as nothing: see `readSearch`. */
export function readReport(raw: Record<string, unknown>): ReportSearch {
  return {
    period: [...PERIODS.map(([name]) => name), 'custom' as const].find((name) => name === raw.period),
    from: day(raw.from),
    to: day(raw.to),
    filters: filtersOf(raw.filters),
    ask: isObject(raw.ask) ? raw.ask : undefined,
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
