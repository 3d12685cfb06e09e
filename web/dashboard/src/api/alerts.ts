import { call } from './client';
import type { Condition as Filter } from './types';

export type Condition =
  | { type: 'above' | 'below'; value: number }
  | { type: 'change'; percent: number; direction: 'up' | 'down' | 'both'; over: 'previous' | 'day' | 'week' }
  | { type: 'anomaly'; sensitivity: 'low' | 'medium' | 'high' }
  | { type: 'forecast_breach'; direction: 'up' | 'down' | 'both' }
  | { type: 'event'; event: string }
  | { type: 'new_value' }
  | { type: 'no_data' };

/** A rule as it is sent. */
export interface Rule {
  site_id: string;
  name: string;
  metric?: string;
  condition: Condition;
  filters?: Filter[];
  /** One alert per value of this. */
  group_by?: string;
  window?: string;
  cooldown?: string;
  channels: string[];
}

export interface HeldRule extends Rule {
  id: string;
  open: { opening: string; state: string; value: number; started_at: string }[];
  muted_until: number | null;
  /** Why it cannot be judged. */
  problem?: string;
}

export interface Simulation {
  from: string;
  to: string;
  fired: number;
  alerts: { started_at: string; resolved_at: string | null; group: string | null; value: number }[];
}

export interface Channel {
  id: string;
  type: string;
  name: string;
  /** Shown once, when it is made. */
  secret?: string;
  link_code?: string;
  problem?: string | null;
}

export interface Step {
  id: number;
  type: string;
  timestamp: string;
  alert_id: string;
  name: string;
  /** Of a rule with one alert for each value of a dimension. */
  group?: string | null;
  value: number;
}

const path = (id: string) => `/api/v1/alerts/${id}`;
const of = (site: string) => `site_id=${encodeURIComponent(site)}`;

export const rules = (site: string, signal?: AbortSignal) =>
  call<{ alerts: HeldRule[] }>('GET', `/api/v1/alerts?${of(site)}`, undefined, signal).then(
    (answer) => answer.alerts,
  );
export const createRule = (rule: Rule) => call<HeldRule>('POST', '/api/v1/alerts', rule);
/** Changes the fields that are named; null takes one away. */
export const changeRule = (id: string, part: Partial<Record<keyof Rule, unknown>>) =>
  call<HeldRule>('PATCH', path(id), part);
export const deleteRule = (id: string) => call<void>('DELETE', path(id));
/** Says that somebody looks after what is open. */
export const acknowledge = (id: string) =>
  call<{ acknowledged: number }>('POST', `${path(id)}/acknowledge`, {});
export const muteRule = (id: string, time: string) =>
  call<{ muted_until: number | null }>('POST', `${path(id)}/mute`, { for: time });
export const simulateRule = (rule: Rule) => call<Simulation>('POST', '/api/v1/alerts/simulate', rule);
export const history = (site: string, signal?: AbortSignal) =>
  call<{ history: Step[] }>('GET', `/api/v1/alerts/history?${of(site)}`, undefined, signal).then(
    (answer) => answer.history,
  );

/** Where the server pushes what happens to the site's alerts. */
export const stepsPath = (site: string) => `/api/v1/alerts/stream?${of(site)}`;

export const channels = (signal?: AbortSignal) =>
  call<{ channels: Channel[] }>('GET', '/api/v1/channels', undefined, signal).then(
    (answer) => answer.channels,
  );
export const createChannel = (channel: { type: string; name: string; [field: string]: unknown }) =>
  call<Channel>('POST', '/api/v1/channels', channel);
export const deleteChannel = (id: string) => call<void>('DELETE', `/api/v1/channels/${id}`);
export const testChannel = (id: string) => call<{ sent: boolean }>('POST', `/api/v1/channels/${id}/test`);
