import { call } from './client';
import type { Condition, DateRange } from './types';

/** Bodies and answers of reports, one pair each. */

interface Asked {
  site_id: string;
  date_range: DateRange;
  filters?: Condition[];
}

export interface RetentionQuery extends Asked {
  start_event: string;
  return_event: string;
  period: 'day' | 'week' | 'month';
}

export interface Cohort {
  cohort: string;
  size: number;
  /** People at offset 0, 1, … */
  values: number[];
}

/** An event by its name, or a page by its path. */
export interface FunnelStep {
  event?: string;
  page?: string;
  /** What the step is called. */
  name?: string;
  filters?: Condition[];
}

export interface FunnelQuery extends Asked {
  dimensions?: string[];
  steps: FunnelStep[];
  window: string;
  order: 'ordered' | 'strict' | 'any';
}

export interface FunnelResult {
  name: string;
  visitors: number;
  rate: number;
  median_seconds: number | null;
}

export interface JourneysQuery extends Asked {
  depth: number;
  limit: number;
}

export interface JourneyLink {
  from: string;
  to: string;
  step: number;
  visits: number;
}

export const retention = (body: RetentionQuery, signal?: AbortSignal) =>
  call<{ cohorts: Cohort[] }>('POST', '/api/v1/retention', body, signal);

export interface FunnelAnswer {
  steps: FunnelResult[];
  /** The same for each group, where the funnel is divided. */
  breakdown?: { dimensions: [string]; steps: FunnelResult[] }[];
}

export const funnel = (body: FunnelQuery, signal?: AbortSignal) =>
  call<FunnelAnswer>('POST', '/api/v1/funnel', body, signal);

export const journeys = (body: JourneysQuery, signal?: AbortSignal) =>
  call<{ links: JourneyLink[] }>('POST', '/api/v1/journeys', body, signal);

/** Something that is kept up to date as events arrive. */
export interface Definition {
  id: string;
  name: string;
  steps?: (string | FunnelStep)[];
  window?: string;
  order?: FunnelQuery['order'];
  event?: string;
  page?: string;
  status: unknown;
}

export type DefinitionKind = 'goals' | 'funnels' | 'retentions' | 'series';

export const definitions = (kind: DefinitionKind, site: string, signal?: AbortSignal) =>
  call<Record<string, Definition[]>>(
    'GET',
    `/api/v1/${kind}?site_id=${encodeURIComponent(site)}`,
    undefined,
    signal,
  ).then((answer) => answer[kind] ?? []);

export const define = (
  kind: DefinitionKind,
  body: { site_id: string; name: string; [field: string]: unknown },
) => call<Definition>('POST', `/api/v1/${kind}`, body);

export const undefine = (kind: DefinitionKind, id: string) => call<void>('DELETE', `/api/v1/${kind}/${id}`);

/** What an erasure did, as far as it has come. */
export interface Receipt {
  id: string;
  /** How they were known. */
  subject: string;
  status: 'accepted' | 'removing' | 'complete';
  requested_at: string;
  /** Rows, once it is complete. */
  removed?: { events: number; sessions: number };
}

export const erasures = (site: string, signal?: AbortSignal) =>
  call<{ erasures: Receipt[] }>(
    'GET',
    `/api/v1/erasure?site_id=${encodeURIComponent(site)}`,
    undefined,
    signal,
  ).then((answer) => answer.erasures);

export const erase = (body: { site_id: string; wait: number; [identifier: string]: string | number }) =>
  call<Receipt>('POST', '/api/v1/erasure', body);
