import { call } from './client';

/** What a metric of one's own is computed from. */
export interface Measured {
  type: 'count' | 'sum' | 'average' | 'min' | 'max' | 'percentile' | 'ratio';
  of?: 'events' | 'visitors' | 'revenue';
  numerator?: Measured;
  denominator?: Measured;
}

/** A metric that the site has beside those of every site. */
export type Measure = Measured & { id: number; name: string };

export const measures = (site: string, signal?: AbortSignal) =>
  call<{ metrics: Measure[] }>(
    'GET',
    `/api/v1/metrics?site_id=${encodeURIComponent(site)}`,
    undefined,
    signal,
  ).then((answer) => answer.metrics);
