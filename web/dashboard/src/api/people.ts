import { call } from './client';

/** Somebody a site in identified mode knows. */
export interface Known {
  user_id: string;
  first_seen: number;
  last_seen: number;
  events: number;
  pageviews: number;
  days: number;
  source: string;
  country: string;
  device: string;
  browser: string;
  revenue: number;
}

export interface Deed {
  at: number;
  name: string;
  path: string;
  source: string;
  country: string;
  device: string;
  browser: string;
  props: Record<string, string>;
  revenue: number;
  currency: string;
}

/** People in an answer at most: those seen last. */
export const MOST_PEOPLE = 200;

const path = (site: string, rest: Record<string, string>) =>
  `/api/v1/people?${new URLSearchParams({ site_id: site, ...rest })}`;

export const people = (site: string, search: string, signal?: AbortSignal) =>
  call<{ people: Known[] }>('GET', path(site, { search }), undefined, signal).then((answer) => answer.people);
export const deeds = (site: string, user_id: string, signal?: AbortSignal) =>
  call<{ events: Deed[] }>('GET', path(site, { user_id }), undefined, signal).then((answer) => answer.events);
