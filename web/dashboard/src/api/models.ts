import { call, stream } from './client';

export type ModelKind = 'churn' | 'conversion' | 'value' | 'segments' | 'forecast' | 'recommend';

/** A trained state of a model. */
export interface ModelVersion {
  version: number;
  stage: 'candidate' | 'live' | 'retired';
  kind: string;
  seed: number;
  /** Rows that it was trained on. */
  rows: number;
  fingerprint: string;
  /** First and last moment of what it was trained on. */
  window: [number, number] | null;
  /** Quality on what was held out. */
  metrics: Record<string, number>;
}

export interface Training {
  id: number;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  /** asked, schedule or drift */
  cause: string;
  version: number | null;
  /** Where it failed, why. */
  result: { error?: { code: string; message: string }; [field: string]: unknown } | null;
  created_at: number;
  finished_at: number | null;
}

export interface Model {
  id: string;
  name: string;
  kind: ModelKind;
  options: Record<string, unknown>;
  every_seconds: number | null;
  live: ModelVersion | null;
  versions: number;
  training: Training | null;
  /** How far what it says now is from what it said when it went live. */
  drift: number | null;
  created_at: number;
  updated_at: number;
}

/** What is asked for: the options of a kind stand beside its name. */
export interface NewModel {
  site_id: string;
  kind: ModelKind;
  name: string;
  every?: string;
  days?: number;
  event?: string;
  metric?: string;
}

/** How far a training is. */
export interface Progress {
  state: Training['state'];
  step: string;
  /** From 0 to 1. */
  done: number;
}

/** What a live model says of somebody. */
export interface Prediction {
  visitor?: string;
  /** A probability, an amount, or the number of a segment. */
  prediction: number;
  name?: string;
  contributions?: { feature: string; contribution: number }[];
}

/** Visitors that are alike. */
export interface Cluster {
  /** Keeps its meaning across training. */
  id: number;
  name: string;
  size: number;
  share: number;
  /** What sets it apart. */
  explanation: string;
  differences: { feature: string; here: number; overall: number; strength: number }[];
  /** Means of its visitors. */
  metrics: Record<string, number>;
}

const path = (id: string, rest = '') => `/api/v1/models/${id}${rest}`;

export const models = (site: string, signal?: AbortSignal) =>
  call<{ models: Model[] }>(
    'GET',
    `/api/v1/models?site_id=${encodeURIComponent(site)}`,
    undefined,
    signal,
  ).then((answer) => answer.models);
export const clusters = (site_id: string, signal?: AbortSignal) =>
  call<{ clusters: Cluster[]; model: { id: string; version: number } }>(
    'POST',
    '/api/v1/clusters',
    { site_id },
    signal,
  );
export const predictions = (id: string, limit: number, signal?: AbortSignal) =>
  call<{ predictions: Prediction[] }>('POST', path(id, '/predict'), { limit }, signal).then(
    (answer) => answer.predictions,
  );
export const createModel = (model: NewModel) => call<unknown>('POST', '/api/v1/models', model);
export const deleteModel = (id: string) => call<void>('DELETE', path(id));
export const trainModel = (id: string) => call<unknown>('POST', path(id, '/train'));
export const cancelTraining = (id: string) => call<void>('POST', path(id, '/cancel'));
/** Tells how a training goes until it is over. */
export const watchTraining = (id: string, signal: AbortSignal, tell: (progress: Progress) => void) =>
  stream(path(id, '/progress'), signal, (data) => tell(data as Progress));
export const versionsOf = (id: string, signal?: AbortSignal) =>
  call<{ versions: ModelVersion[] }>('GET', path(id, '/versions'), undefined, signal).then(
    (answer) => answer.versions,
  );
export const promote = (id: string, version: number, force = false) =>
  call<unknown>('POST', path(id, '/promote'), { version, ...(force && { force }) });
