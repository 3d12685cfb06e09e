import { call, refusal } from './client';
import { figures, type RawAnswer } from './figures';
import type { FunnelQuery, FunnelStep, RetentionQuery } from './reports';
import type { Condition, DateRange, Query } from './types';

/** Kinds of charts, and how people call them. */
export const CHARTS = {
  line: 'Line',
  area: 'Area',
  bar: 'Bars',
  stacked: 'Stacked bars',
  pie: 'Pie',
  table: 'Table',
  number: 'Number',
  map: 'Map',
  heatmap: 'Heat map',
  funnel: 'Funnel',
  sankey: 'Flow of visits (Sankey)',
  retention: 'Retention',
  text: 'Text',
} as const;

export type ChartKind = keyof typeof CHARTS;

export interface Tile {
  title: string;
  chart: ChartKind;
  /** Column and row of the upper left corner, width and height, on a page of twelve columns. */
  x: number;
  y: number;
  w: number;
  h: number;
  /** What it asks, without the site: a query, or the body of the chart's report. */
  query?: TileQuery;
  text?: string;
}

/** A query of figures or the body of a report; which of the two, the chart says. */
export interface TileQuery {
  date_range: DateRange;
  filters?: Condition[];
  metrics?: string[];
  dimensions?: string[];
  include?: Query['include'];
  pagination?: Query['pagination'];
  steps?: (string | FunnelStep)[];
  window?: string;
  order?: FunnelQuery['order'];
  depth?: number;
  limit?: number;
  start_event?: string;
  return_event?: string;
  period?: RetentionQuery['period'];
}

export interface BoardLink {
  token: string;
  has_password: boolean;
  embed: boolean;
}

export interface Board {
  id: string;
  site_id: string;
  name: string;
  tiles: Tile[];
  link?: BoardLink;
}

export interface SharedBoard {
  name: string;
  site_id: string;
  timezone: string;
  currency: string;
  /** Metrics of the site's own on these tiles whose parts do not add up. */
  averages: string[];
  tiles: Tile[];
}

type Content = Pick<Board, 'name' | 'tiles'>;

const path = (id: string) => `/api/v1/dashboards/${id}`;

export const boards = (site: string, signal?: AbortSignal) =>
  call<{ dashboards: Board[] }>(
    'GET',
    `/api/v1/dashboards?site_id=${encodeURIComponent(site)}`,
    undefined,
    signal,
  ).then((answer) => answer.dashboards);
export const board = (id: string, signal?: AbortSignal) => call<Board>('GET', path(id), undefined, signal);
export const createBoard = (site_id: string, content: Content) =>
  call<Board>('POST', '/api/v1/dashboards', { site_id, ...content });
export const saveBoard = (id: string, { name, tiles }: Content) =>
  call<Board>('PUT', path(id), { name, tiles });
export const deleteBoard = (id: string) => call<void>('DELETE', path(id));
export const shareBoard = (id: string, sharing: { password?: string; embed: boolean }) =>
  call<BoardLink>('PUT', `${path(id)}/link`, sharing);
export const unshareBoard = (id: string) => call<void>('DELETE', `${path(id)}/link`);

async function shared<T>(token: string, rest: string, password: string, signal?: AbortSignal): Promise<T> {
  const headers: HeadersInit = password ? { 'x-share-password': password } : {};
  const response = await fetch(`/api/v1/shared/${encodeURIComponent(token)}${rest}`, { headers, signal });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

export const sharedBoard = (token: string, password: string, signal?: AbortSignal) =>
  shared<SharedBoard>(token, '', password, signal);
export const sharedTile = (token: string, place: number, password: string, signal?: AbortSignal) =>
  shared<unknown>(token, `/tiles/${place}`, password, signal);
/** A number's figures day by day. */
export const sharedLine = (token: string, place: number, password: string, signal?: AbortSignal) =>
  shared<RawAnswer>(token, `/tiles/${place}?by=day`, password, signal).then(figures);
