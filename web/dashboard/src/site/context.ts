import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Condition, DateRange, Query, Site } from '../api/types';
import type { Metric } from '../lib/format';
import { tilesOf } from '../lib/metrics';
import {
  compared,
  days,
  type Interval,
  intervals,
  moved,
  ordered,
  type Period,
  periodOf,
  sent,
  shifted,
  soFar,
  today,
  USUAL_PERIOD,
  wallClock,
} from '../lib/range';
import { readSearch, type SiteSearch, toggled } from '../lib/search';
import { useSession } from '../session/data';
import { useClock } from '../time/clock';
import { type WeekStart, weekStart } from '../time/month';
import { useAnswer, useSites } from '../ui/data';

export interface SiteView {
  site: string;
  timezone: string;
  currency: string;
  weekStart: WeekStart;
  /** The day it is on the site. */
  now: string;
  search: SiteSearch;
  period: Period;
  pair: [string, string] | null;
  /** The days compared with, or the two instants where hours are shown. */
  before: [string, string] | null;
  /** What of it had passed by the time it is now, where the days shown are not over. */
  soFar: [string, string] | null;
  /** Whether there is a time to compare with: before all of it there is none. */
  compares: boolean;
  range: DateRange;
  step: Interval;
  steps: Interval[];
  /** Metrics the server answers, as tiles. */
  metrics: Metric[];
  /** Whether the server answers a metric. */
  answers: (metric: string) => boolean;
  /** Whether events that come now change the figures. */
  isNow: boolean;
  filters: Condition[];
  change: (part: Partial<SiteSearch>) => void;
  filter: (dimension: string, value: string) => void;
  setFilters: (filters: Condition[]) => void;
  /** The time before or after; null where there is none. */
  moved: (direction: 1 | -1) => Partial<SiteSearch> | null;
}

const route = getRouteApi('/sites/$site');

/** What the address says about the page, and how to say something else. */
export function useSiteView(): SiteView {
  const { site } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/sites/$site' });
  const known = useSites().data?.find((one) => one.domain === site);
  const answered = useSession().data?.metrics;
  const clock = useClock();
  const since = useAnswer(search.period === 'all' ? wholeOf(site) : null).data?.query.date_range[0];
  return useMemo(() => {
    const change = (part: Partial<SiteSearch>) => {
      // Read anew: what was chosen may have gone with what is changed.
      navigate({ search: (old) => readSearch({ ...old, ...part }), resetScroll: false });
    };
    const answers = (metric: string) => answered?.includes(metric) ?? false;
    const metrics = tilesOf(search.filters, search.metric).filter(answers);
    return { ...viewOf(site, known, search, clock, since, change), metrics, answers };
  }, [site, search, known, answered, clock, since, navigate]);
}

/** What says when a site's first event was. */
export const wholeOf = (site: string): Query => ({ site_id: site, metrics: ['events'], date_range: 'all' });

function viewOf(
  site: string,
  known: Site | undefined,
  search: SiteSearch,
  clock: number,
  since: string | undefined,
  change: SiteView['change'],
): Omit<SiteView, 'metrics' | 'answers'> {
  const timezone = known?.timezone ?? 'UTC';
  const period = search.period ?? USUAL_PERIOD;
  const now = today(timezone, new Date(clock));
  const pair = days(period, now, search.from, search.to);
  const steps = intervals(pair ?? (period === 'all' && since ? [since.slice(0, 10), now] : null), period);
  const filters = search.filters ?? [];
  const before = beforeOf(search, period, pair, clock);
  return {
    site,
    timezone,
    currency: known?.currency ?? '',
    weekStart: weekStart(known?.week_start),
    now,
    search,
    period,
    pair,
    before,
    soFar:
      before && pair && search.compare !== 'custom'
        ? soFar(before, pair, wallClock(timezone, new Date(clock)))
        : null,
    compares: period !== 'all',
    range: sent(pair, period),
    step: steps.find((step) => step === search.interval) ?? steps[0],
    steps,
    isNow: !pair || pair[1] >= now,
    filters,
    change,
    filter: (dimension, value) => {
      const next = toggled(filters, dimension, value);
      change({ filters: next.length ? next : undefined, open: undefined });
    },
    setFilters: (next) => change({ filters: next.length ? next : undefined }),
    moved: (direction) => {
      const next = pair && moved(pair, period, direction, now);
      return next && timeOf(periodOf(next, now), next);
    },
  };
}

/** What is compared with, where something is. */
function beforeOf(
  { compare, cfrom, cto }: SiteSearch,
  period: Period,
  pair: [string, string] | null,
  clock: number,
): [string, string] | null {
  if (!compare || period === 'all') return null;
  if (pair) return compared(pair, compare, cfrom, cto);
  if (compare !== 'custom') return shifted(clock, compare);
  return cfrom && cto ? ordered(cfrom, cto) : null;
}

/** What the address says of a time: the name of a period, or days. */
export const timeOf = (period: Period, [from, to]: [string, string]): Partial<SiteSearch> => ({
  period,
  from: period === 'custom' ? from : undefined,
  to: period === 'custom' ? to : undefined,
  interval: undefined,
});
