import { call } from './client';
import type { Condition } from './types';

/** Filters under a name. */
export interface Segment {
  id: number;
  name: string;
  filters: Condition[];
}

const of = (site: string) => `site_id=${encodeURIComponent(site)}`;

export const segments = (site: string, signal?: AbortSignal) =>
  call<{ segments: Segment[] }>('GET', `/api/v1/segments?${of(site)}`, undefined, signal).then(
    (answer) => answer.segments,
  );
export const createSegment = (site_id: string, name: string, filters: Condition[]) =>
  call<Segment>('POST', '/api/v1/segments', { site_id, name, filters });
export const deleteSegment = (site: string, id: number) =>
  call<void>('DELETE', `/api/v1/segments/${id}?${of(site)}`);
