import type { Understood } from '../api/ask';
import { call, query } from '../api/client';
import type { Query } from '../api/types';

/** What a query for figures is made of; what else was understood is not for it. */
const FIELDS = [
  'metrics',
  'date_range',
  'dimensions',
  'filters',
  'order_by',
  'include',
  'compare',
  'pagination',
];

/** Where the reports are asked that a question may mean. A query for figures has a place of its own. */
const REPORTS = ['retention', 'funnel', 'journeys', 'forecast', 'anomalies'] as const;

const isReport = (kind: string): kind is (typeof REPORTS)[number] => REPORTS.some((one) => one === kind);
/** Whether what was understood can be asked as it is. */
export const canAsk = (kind: string) => kind === 'query' || isReport(kind);

/** Asks a query or a report, as it was understood or put right. */
export async function answer(
  site: string,
  { kind, ...understood }: Understood,
): Promise<Record<string, unknown>> {
  if (isReport(kind)) return call('POST', `/api/v1/${kind}`, { ...understood, site_id: site });
  const asked = Object.fromEntries(
    FIELDS.filter((name) => name in understood).map((name) => [name, understood[name]]),
  );
  const result = await query({ ...(asked as unknown as Query), site_id: site });
  return result as unknown as Record<string, unknown>;
}
