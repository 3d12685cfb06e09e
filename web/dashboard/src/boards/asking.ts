import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { sharedLine, sharedTile, type Tile, type TileQuery } from '../api/boards';
import { query } from '../api/client';
import { figures, type RawAnswer } from '../api/figures';
import { funnel, journeys, retention } from '../api/reports';
import type { Query } from '../api/types';
import { BY_TIME } from '../lib/buckets';
import type { Answered } from './TileView';

/** Charts that draw a report and not figures. */
const REPORTS = { funnel, sankey: journeys, retention } as const;

const isReport = (chart: string): chart is keyof typeof REPORTS => chart in REPORTS;
const ASK_AGAIN_MS = 60_000;

/** Asks what a tile asks. */
function ask(site_id: string, { chart }: Tile, asked: TileQuery, signal: AbortSignal): Promise<unknown> {
  const body = { site_id, ...asked };
  if (!isReport(chart)) return query(body as Query, signal);
  const report = REPORTS[chart] as (body: unknown, signal: AbortSignal) => Promise<unknown>;
  return report(body, signal);
}

const byDay = (asked: TileQuery): TileQuery => ({
  ...asked,
  dimensions: ['time:day'],
  include: BY_TIME,
});

/** A tile's answer, and where it is a number its line, for who may ask the site. */
export function useTile(site: string, tile: Tile): Answered {
  const asked = tile.query;
  const whole = useQuery({
    queryKey: ['query', site, tile.chart, asked],
    queryFn: ({ signal }) => ask(site, tile, asked ?? { date_range: 'day' }, signal),
    enabled: asked !== undefined,
    placeholderData: keepPreviousData,
  });
  const line = useQuery({
    // Not `line`: a tile that is shown as a line would be answered by day, whatever it asks.
    queryKey: ['query', site, 'number by day', asked],
    queryFn: ({ signal }) =>
      query({ site_id: site, ...byDay(asked ?? { date_range: 'day' }) } as Query, signal),
    enabled: asked !== undefined && tile.chart === 'number',
    placeholderData: keepPreviousData,
  });
  return { ...whole, line: line.data };
}

/** The same for who was given a link: the server puts the tile's own question. */
export function useSharedTile(tile: Tile, place: number, token: string, password: string): Answered {
  const key = ['shared', token, password, place];
  const often = { placeholderData: keepPreviousData, refetchInterval: ASK_AGAIN_MS };
  const whole = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => sharedTile(token, place, password, signal),
    select: (answer) => (isReport(tile.chart) ? answer : figures(answer as RawAnswer)),
    enabled: tile.query !== undefined,
    ...often,
  });
  const line = useQuery({
    queryKey: [...key, 'line'],
    queryFn: ({ signal }) => sharedLine(token, place, password, signal),
    enabled: tile.query !== undefined && tile.chart === 'number',
    ...often,
  });
  return { ...whole, line: line.data };
}
