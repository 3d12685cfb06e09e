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
  /** In place of a metric, of rules that were made elsewhere. */
  query?: { metrics?: string[]; filters?: Filter[]; series?: string; goal?: string };
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

/** What a model expected. */
export interface Band {
  lower: number;
  upper: number;
}

export interface Simulation {
  from: string;
  to: string;
  fired: number;
  alerts: {
    started_at: string;
    resolved_at: string | null;
    group: string | null;
    value: number;
    band: Band | null;
  }[];
}

export interface Channel {
  id: string;
  type: string;
  name: string;
  /** Where it leads, without what is secret of it. */
  url?: string;
  to?: string[];
  /** Shown once, when it is made. */
  secret?: string;
  link_code?: string;
  problem?: string | null;
  /** Messages that wait. */
  queued?: number;
  /** Messages that were given up. */
  dead?: number;
}

/** A message of a channel, as it waits or was given up. */
export interface Message {
  id: string;
  message: { type: string; timestamp: string; data: { name: string; site_id: string; group: string | null } };
  attempts: number;
  created_at: number;
  /** What the receiver said last. */
  error?: string | null;
}

/** Something that happened to an alert. */
export interface Step {
  id: number;
  type: string;
  timestamp: string;
  alert_id: string;
  name: string;
  /** What the rule watched; steps of former versions do not say it. */
  metric?: string;
  condition: Condition;
  /** Of a rule with one alert for each value of a dimension. */
  group?: string | null;
  value: number;
  /** What a model expected. */
  band?: Band | null;
  /** Names the alert: its steps have the same. */
  opening: string;
  started_at: string;
  /** The stretch that broke the rule. */
  window: { from: string; to: string };
  /** Why it is over. */
  reason?: string;
  /** Who acknowledged it. */
  by?: string;
  /** The page of the site that shows it. */
  url: string;
}

/** A part of the traffic, and what became of it against the stretch before. */
export interface Slice {
  dimension: string;
  value: string;
  before: number;
  after: number;
  /** Of all that went the same way. */
  share: number;
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
/** Says that somebody looks after what is open, or after one alert of it. */
export const acknowledge = (id: string, opening?: string) =>
  call<{ acknowledged: number }>('POST', `${path(id)}/acknowledge`, { opening });
/** Ends an alert by hand. */
export const closeAlert = (id: string, opening: string) =>
  call<{ closed: number }>('POST', `${path(id)}/close`, { opening });
export const muteRule = (id: string, time: string) =>
  call<{ muted_until: number | null }>('POST', `${path(id)}/mute`, { for: time });
export const simulateRule = (rule: Rule) => call<Simulation>('POST', '/api/v1/alerts/simulate', rule);
/** Steps in an answer, at most. */
export const STEPS = 100;
/** What happened, the newest first; with `before`, what did before the step of this id. */
export const history = (site: string, before: number | undefined, signal?: AbortSignal) =>
  call<{ history: Step[] }>(
    'GET',
    `/api/v1/alerts/history?${of(site)}&limit=${STEPS}${before ? `&before=${before}` : ''}`,
    undefined,
    signal,
  ).then((answer) => answer.history);
/** A step with the slices of the traffic that contributed most to it. */
export const explained = (site: string, id: number, signal?: AbortSignal) =>
  call<Step & { slices: Slice[] }>('GET', `/api/v1/alerts/history/${id}?${of(site)}`, undefined, signal);

/** Where the server pushes what happens to the site's alerts. */
export const stepsPath = (site: string) => `/api/v1/alerts/stream?${of(site)}`;

export const channels = (signal?: AbortSignal) =>
  call<{ channels: Channel[] }>('GET', '/api/v1/channels', undefined, signal).then(
    (answer) => answer.channels,
  );
export const createChannel = (channel: { type: string; name: string; [field: string]: unknown }) =>
  call<Channel>('POST', '/api/v1/channels', channel);
/** Changes the fields that are named. What could not be sent yet is tried at once. */
export const changeChannel = (id: string, fields: Record<string, unknown>) =>
  call<Channel>('PATCH', `/api/v1/channels/${id}`, fields);
export const deleteChannel = (id: string) => call<void>('DELETE', `/api/v1/channels/${id}`);
export const testChannel = (id: string) => call<{ sent: boolean }>('POST', `/api/v1/channels/${id}/test`);
/** Messages of a channel that were given up. */
export const deadMessages = (id: string, signal?: AbortSignal) =>
  call<{ messages: Message[] }>('GET', `/api/v1/channels/${id}/messages?status=dead`, undefined, signal).then(
    (answer) => answer.messages,
  );
/** Sends again what was given up: one message, or all of them. */
export const replay = (id: string, message?: string) =>
  call<{ replayed: number }>('POST', `/api/v1/channels/${id}/replay`, { message });
