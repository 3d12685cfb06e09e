import { call } from './client';

/** How an organisation's pages look; empty texts stand for the program's own. */
export interface Look {
  name: string;
  /** `#rrggbb` */
  accent: string;
  has_logo: boolean;
}

export const LOGO = '/api/v1/look/logo';

export const look = (signal?: AbortSignal) => call<Look>('GET', '/api/v1/look', undefined, signal);

/** An absent logo stays as it is, an empty one is taken away. */
export const changeLook = (change: { name: string; accent: string; logo?: string }) =>
  call<Look>('PUT', '/api/v1/look', change);
