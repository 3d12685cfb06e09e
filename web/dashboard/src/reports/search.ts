import { PERIODS, type Period } from '../lib/range';

/** What a report's address says; the rest of it is the report's own. */
export interface ReportSearch {
  period?: Period;
  /** The report's settings, as it reads them. */
  ask?: Record<string, unknown>;
}

export function readReport(raw: Record<string, unknown>): ReportSearch {
  const period = PERIODS.map(([name]) => name).find((name) => name === raw.period);
  const ask = isObject(raw.ask) ? raw.ask : undefined;
  return { ...(period && { period }), ...(ask && { ask }) };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
