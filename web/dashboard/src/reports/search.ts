import type { Condition } from '../api/types';
import type { Compare, Period } from '../lib/range';
import { readSearch } from '../lib/search';

/** What a report's address says; the rest of it is the report's own. */
export interface ReportSearch {
  period?: Period;
  /** The days, where they were chosen. */
  from?: string;
  to?: string;
  /** What the overview compares with: kept for the way back. */
  compare?: Compare;
  cfrom?: string;
  cto?: string;
  filters?: Condition[];
  /** The report's settings, as it reads them. */
  ask?: Record<string, unknown>;
}

/** Reads an address that anybody may have written. What is not understood is there as nothing: see `readSearch`. */
export function readReport(raw: Record<string, unknown>): ReportSearch {
  return {
    ...carried(readSearch(raw)),
    ask: isObject(raw.ask) ? raw.ask : undefined,
  };
}

/** What goes along from a page of a site to another: of which time it is, and of whom. */
export const carried = ({ period, from, to, compare, cfrom, cto, filters }: ReportSearch) => ({
  period,
  from,
  to,
  compare,
  cfrom,
  cto,
  filters,
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
