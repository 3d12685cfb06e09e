import { call } from './client';

export interface Understood {
  kind: string;
  metrics?: string[];
  dimensions?: string[];
  [field: string]: unknown;
}

/** What became of a question in words. */
export interface Reply {
  status: 'answered' | 'ambiguous' | 'unsupported';
  query: Understood | null;
  explanation: string;
  result: Record<string, unknown> | null;
  /** Why a question that was understood has no result. */
  unavailable?: string;
  chart: { type: string } | null;
  /** What may be asked next; one of several readings has its query. */
  suggestions: { question: string; query?: Understood | null }[];
  confidence: number;
}

interface Asked {
  site_id: string;
  question: string;
  timezone?: string;
  /** What was understood before, for a question that goes on from it. */
  context?: Understood;
}

export const ask = (body: Asked, signal?: AbortSignal) => call<Reply>('POST', '/api/v1/ask', body, signal);
