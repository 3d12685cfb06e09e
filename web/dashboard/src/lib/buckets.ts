import type { QueryAnswer } from '../api/types';
import { isMean } from './means';

/** What is asked for where figures are drawn by time. */
export const BY_TIME = { time_labels: true, partial_time_labels: true } as const;

/** One figure per bucket: nought where nothing happened, and of a mean nothing. */
export function valuesOf({ results, meta }: QueryAnswer, metric: string): (number | null)[] {
  const none = isMean(metric) ? null : 0;
  const rows = new Map(results.map((row) => [row.dimensions[0], row.metrics[0] ?? none]));
  return (meta.time_labels ?? []).map((label) => rows.get(label) ?? none);
}

/** The same of the time compared with: null where the answer has no row, empty where nothing is compared. */
export function oldValuesOf({ results, meta }: QueryAnswer): (number | null)[] {
  if (!results.some(({ comparison }) => comparison)) return [];
  const rows = new Map(results.map((row) => [row.dimensions[0], row.comparison?.metrics[0] ?? null]));
  return (meta.time_labels ?? [...rows.keys()]).map((label) => rows.get(label ?? '') ?? null);
}

/** The place of the bucket in progress, or -1: it is the last that has begun and is not whole. */
export function openPlace({ results, meta }: QueryAnswer): number {
  const labels = meta.time_labels ?? [];
  const partial = new Set(meta.partial_time_labels);
  const held = new Set(results.map((row) => row.dimensions[0]));
  const last = labels.findLastIndex((label) => held.has(label) || partial.has(label));
  return partial.has(labels[last] ?? '') && last > 0 ? last : -1;
}
