import type { QueryAnswer } from '../api/types';
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

export const label = (dimension: string, value: string) =>
  dimension.startsWith('time:') ? bucket(value, dimension) : rowName(dimension, value);

/** A figure of it as people read it. */
export const written =
  ({ metric, currency }: Drawn, short = false) =>
  (value: number | null) =>
    figure(metric, value, short, currency);
