import type { QueryAnswer } from '../api/types';
import { openPlace } from '../lib/buckets';
import { bucket, figure } from '../lib/format';
import { rowName } from '../site/names';

/** What an answer is drawn from: its dimensions by name, its first metric, and what it is counted in. */
export interface Drawn {
  answer: QueryAnswer;
  dimensions: string[];
  metric: string;
  currency: string;
  /** Whether the figures of parts are those of a whole when they are added. */
  addable: boolean;
  /** How many rows were asked for, where the tile says so. */
  limit: number | undefined;
}

/** What lies along a drawing by time or by values: all buckets where the server names them. */
export const labelsOf = ({ answer: { meta, results } }: Drawn): string[] =>
  meta.time_labels ?? [...new Set(results.map((row) => row.dimensions[0] ?? ''))];

/** The place of the bucket in progress, or -1; what is after it has not begun. */
export const openOf = ({ answer, dimensions: [step = ''] }: Drawn, labels: string[]): number =>
  openPlace(answer, step, labels);

export const label = (dimension: string, value: string) =>
  dimension.startsWith('time:') ? bucket(value, dimension) : rowName(dimension, value);

/** A figure of it as people read it. */
export const written =
  ({ metric, currency }: Drawn, short = false) =>
  (value: number | null) =>
    figure(metric, value, short, currency);
