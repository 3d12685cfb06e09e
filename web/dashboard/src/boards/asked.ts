import type { ChartKind, TileQuery } from '../api/boards';
import type { FunnelQuery, RetentionQuery } from '../api/reports';
import type { Condition } from '../api/types';
import { WITH_REGIONS } from '../charts/WorldMap';
import { BY_TIME } from '../lib/buckets';
import { COUNTRY, REGION, withNames } from '../site/names';

/** What the builder asks about a chart beside what all of them have. */
export interface Needs {
  metric?: boolean;
  time?: boolean;
  other?: boolean;
  /** Steps of time or values of a dimension, side by side. */
  along?: boolean;
  /** Perhaps a line for each value of a dimension. */
  each?: boolean;
  steps?: boolean;
  depth?: boolean;
  events?: boolean;
}

const LINE: Needs = { metric: true, time: true, each: true };

export const NEEDS: Record<ChartKind, Needs> = {
  line: LINE,
  area: LINE,
  bar: { metric: true, along: true },
  stacked: { metric: true, time: true, other: true },
  heatmap: { metric: true, time: true, other: true },
  pie: { metric: true, other: true },
  table: { metric: true, other: true },
  map: { metric: true },
  number: { metric: true },
  funnel: { steps: true },
  sankey: { depth: true },
  retention: { events: true },
  text: {},
};

export const ROWS = 10;
/** Of a ring, of which the smaller parts are told together. */
export const PARTS = 300;
/** All that the server gives: a row for each bucket of each kind. */
const SERIES = 10_000;
const LINKS = 40;

/** Between the days of a chosen time, in the form's field. */
export const BETWEEN = '..';

const isSimple = ([operator, , values]: Condition) => operator === 'is' && values.length === 1;

/** The condition that the form shows: the first that is one value of one dimension. */
export function simple(query: TileQuery | undefined): { filtered: string; value: string } {
  const [, filtered = '', [value = ''] = []] = query?.filters?.find(isSimple) ?? [];
  return { filtered, value };
}

/** The question of a tile, from what the form of the builder holds; conditions that it cannot show stay. */
export function asked(chart: ChartKind, fields: Record<string, string>, old?: TileQuery): TileQuery {
  const { period = '30d', filtered, value } = fields;
  const shown = old?.filters?.find(isSimple);
  const filters = old?.filters?.filter((one) => one !== shown) ?? [];
  if (filtered && value) filters.unshift(['is', filtered, [value]]);
  const [from, to] = period.split(BETWEEN);
  return {
    date_range: from && to ? [from, to] : period,
    ...(filters.length && { filters }),
    ...own(chart, fields),
  };
}

function own(chart: ChartKind, fields: Record<string, string>): Omit<TileQuery, 'date_range'> {
  switch (chart) {
    case 'funnel':
      return {
        steps: stepsOf(fields.steps ?? ''),
        window: fields.window ?? '7d',
        order: 'ordered' satisfies FunnelQuery['order'],
      };
    case 'sankey':
      return { depth: Number(fields.depth ?? 4), limit: LINKS };
    case 'retention':
      return {
        start_event: fields.start_event ?? 'pageview',
        return_event: fields.return_event ?? 'pageview',
        period: (fields.by ?? 'week') as RetentionQuery['period'],
      };
    default:
      return figures(chart, fields);
  }
}

/** How many rows are asked for: of some charts only the first few values are shown. */
function limitOf(chart: ChartKind, step: string | undefined): number {
  if (chart === 'pie') return PARTS;
  return chart === 'table' || (chart === 'bar' && !step?.startsWith('time:')) ? ROWS : SERIES;
}

/** What a map shows: the world, or the regions of the one country that is asked about. */
const placesOf = ({ filtered, value = '' }: Record<string, string>) =>
  withNames(filtered === COUNTRY && WITH_REGIONS.has(value) ? REGION : COUNTRY);

function figures(chart: ChartKind, fields: Record<string, string>) {
  const { metric = 'visitors', step, dimension } = fields;
  return {
    metrics: [metric],
    dimensions:
      chart === 'map' ? placesOf(fields) : [step, dimension].flatMap((one) => (one ? withNames(one) : [])),
    ...(step?.startsWith('time:') && { include: BY_TIME }),
    pagination: { limit: limitOf(chart, step), offset: 0 },
  };
}

/** One step per line: a page by its path, or the name of an event. */
export const stepsOf = (text: string): NonNullable<TileQuery['steps']> =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => (line.startsWith('/') ? { page: line, name: line } : line));

/** The same lines again. */
export const linesOf = (steps: TileQuery['steps']): string =>
  (steps ?? []).map((step) => (typeof step === 'string' ? step : (step.page ?? step.event))).join('\n');
