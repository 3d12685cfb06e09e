import { call } from './client';
import type { Condition, DateRange } from './types';

/** Forecasts, anomalies, segments of behaviour and insights. */

interface Asked {
  site_id: string;
  date_range?: DateRange;
  filters?: Condition[];
}

export type Granularity = 'minute' | 'hour' | 'day' | 'week' | 'month';

export interface ForecastQuery extends Asked {
  metric: string;
  granularity: Granularity;
  horizon: number;
  levels: number[];
  dimensions?: string[];
  /** Groups. */
  limit?: number;
}

export interface ForecastPoint {
  time: string;
  mean: number;
  intervals: { level: number; lower: number; upper: number }[];
}

interface Course {
  history: { time: string; value: number | null }[];
  forecast: ForecastPoint[];
  /** Who was believed how much, and what it was made from. */
  model: { name: string; weights?: Record<string, number>; points?: number } | null;
}

export interface ForecastAnswer extends Course {
  breakdown?: ({ dimensions: string[] } & Course)[];
}

export interface Band {
  lower: number;
  upper: number;
}

/** The interval of a level, in percent. */
export const interval = ({ intervals, mean }: ForecastPoint, level: number): Band =>
  intervals.find((one) => one.level === level) ?? { lower: mean, upper: mean };

export const forecast = (body: ForecastQuery, signal?: AbortSignal) =>
  call<ForecastAnswer>('POST', '/api/v1/forecast', body, signal);

export interface AnomalyQuery extends Asked {
  metric: string;
  granularity: Granularity;
  sensitivity?: 'low' | 'medium' | 'high';
}

/** A part of the visits, and its part in a change. */
export interface Slice {
  /** The values by which it is cut out, by dimension. */
  slice: Record<string, string>;
  actual: number;
  expected: number;
  /** Of the whole change. */
  share: number;
}

export interface AnomalyPoint {
  time: string;
  value: number;
  score: number;
  expected: number;
  lower: number;
  upper: number;
  /** Whether something begins here. */
  anomaly: boolean;
  /** Set while it lasts. */
  kind: string | null;
  reason: string | null;
  explained_by: Slice[] | null;
}

export const anomalies = (body: AnomalyQuery, signal?: AbortSignal) =>
  call<{ points: AnomalyPoint[] }>('POST', '/api/v1/anomalies', body, signal);

export interface Insight {
  /** `metric`, or `group` for a part of the visits. */
  kind: 'metric' | 'group';
  metric: string;
  /** The dimension and value of a group. */
  group?: [string, string];
  before: number;
  after: number;
  /** In percent; null where nothing was before. */
  change: number | null;
  /** Whether it is more than noise. */
  significant: boolean;
  evidence: { method: string; p: number } | null;
  causes?: Slice[];
  sentence: string;
}

export interface InsightsAnswer {
  insights: Insight[];
  /** What was counted and what it was set against, each as two moments. */
  query: { date_range: [string, string]; compare: [string, string] };
}

export const insights = (body: Asked & { limit: number }, signal?: AbortSignal) =>
  call<InsightsAnswer>('POST', '/api/v1/insights', body, signal);
