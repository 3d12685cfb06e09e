import { useQuery } from '@tanstack/react-query';
import {
  type AnomalyPoint,
  anomalies,
  forecast,
  type Granularity,
  interval,
  type Slice,
} from '../api/foresight';
import type { Interval } from '../lib/range';
import { useHas } from '../session/data';
import { inTurn } from '../ui/data';
import type { SiteView } from './context';
import type { Drawn } from './drawn';
import { named, rowName } from './names';

/** What is expected of a bucket, and the band that holds 95 of 100. */
export interface Expected {
  mean: number;
  lower: number;
  upper: number;
}

/** An unusual bucket and why. */
export interface Unusual {
  reason: string;
  lower: number;
  upper: number;
}

const LEVEL = 95;
const GRAINS: Partial<Record<Interval, Granularity>> = {
  'time:hour': 'hour',
  'time:day': 'day',
  'time:week': 'week',
  'time:month': 'month',
};
/** Buckets that are looked ahead, at most and as a part of what is shown. */
const MOST_AHEAD = 14;
const PART_AHEAD = 0.25;
/** Fewer buckets than this say nothing about others. */
const LEAST = 6;

/**
 * How readily something is called unusual where nobody said. A point is judged by how many before it were as
 * strange: of hours there are many, of days, weeks and months never enough to be sure.
 */
export const alertness = (granularity: Granularity) =>
  granularity === 'minute' || granularity === 'hour' ? 'medium' : 'high';

export const KINDS: Record<string, string> = {
  spike: 'more than usual',
  drop: 'less than usual',
  level_shift: 'a lasting change of level',
  trend: 'a drift over some time',
  missing: 'no figures',
};

/** Why a point stands out: what it is, and the slice of visits it comes from. */
export function reasonOf({ kind, value, expected, explained_by }: AnomalyPoint): string {
  const what = KINDS[kind ?? ''] ?? (value < expected ? KINDS.drop : KINDS.spike) ?? '';
  const cause = explained_by?.map(({ slice }) => sliceName(slice)).find((name) => name !== '');
  return cause ? `${what}, mostly ${cause}` : what;
}

/** `source Google, device Mobile` */
export const sliceName = (slice: Slice['slice']): string =>
  Object.entries(slice)
    .map(([dimension, value]) => `${named(dimension).toLowerCase()} ${rowName(dimension, value)}`)
    .join(', ');

/**
 * The forecast after what is shown, where the server makes one and the end of it is now. What is shown is not
 * known while it is that of another choice.
 */
export function useExpected(view: SiteView, metric: string, drawn: Drawn | undefined): Map<string, Expected> {
  const has = useHas('forecast');
  const granularity = GRAINS[view.step];
  const buckets = drawn?.labels.length ?? 0;
  // Of what was hardly ever measured nothing can be expected.
  const known = drawn?.values.filter((value, place) => value && place !== drawn.open).length ?? 0;
  const isAhead = view.isNow && granularity !== undefined && known >= LEAST;
  const wanted = has && !view.search.plain && isAhead;
  const body = {
    site_id: view.site,
    metric,
    // Without a range the forecast is made from as much of the past as is of use.
    filters: view.filters,
    granularity: granularity ?? 'day',
    horizon: Math.max(1, Math.min(MOST_AHEAD, Math.round(buckets * PART_AHEAD))),
    levels: [80, LEVEL],
  };
  const { data } = useQuery({
    queryKey: ['forecast', body],
    queryFn: ({ signal }) => inTurn(() => forecast(body, signal), signal),
    enabled: wanted,
    staleTime: 5 * 60_000,
    retry: false,
  });
  if (!wanted || !data) return new Map();
  const expected = data.forecast.map((point): [string, Expected] => {
    const { lower, upper } = interval(point, LEVEL);
    return [
      point.time,
      { mean: Math.max(0, point.mean), lower: Math.max(0, lower), upper: Math.max(0, upper) },
    ];
  });
  return new Map(expected);
}

/** The unusual buckets by their labels. They are asked for once there are figures: nobody waits for a mark. */
export function useUnusual(view: SiteView, metric: string, hasFigures: boolean): Map<string, Unusual> {
  const has = useHas('anomalies');
  const granularity = GRAINS[view.step];
  const wanted = has && hasFigures && !view.search.plain && granularity !== undefined;
  const body = {
    site_id: view.site,
    metric,
    date_range: view.range,
    filters: view.filters,
    granularity: granularity ?? 'day',
    sensitivity: alertness(granularity ?? 'day'),
  } as const;
  const { data } = useQuery({
    queryKey: ['anomalies', body],
    queryFn: ({ signal }) => inTurn(() => anomalies(body, signal), signal),
    enabled: wanted,
    staleTime: 60_000,
    retry: false,
  });
  if (!wanted || !data) return new Map();
  return new Map(
    data.points.flatMap((point) =>
      point.anomaly
        ? [[point.time, { reason: reasonOf(point), lower: point.lower, upper: point.upper }] as const]
        : [],
    ),
  );
}
