import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import type { Condition, DateRange } from '../api/types';
import { days, type Period, sent, today, USUAL_PERIOD } from '../lib/range';
import { useClock } from '../time/clock';
import { type WeekStart, weekStart } from '../time/month';
import { useAnswer, useSites } from '../ui/data';
import type { ReportSearch } from './search';

const NAMES = 200;

/** A time as an address says it, for other pages to be of the same. */
export type Time = Required<Pick<ReportSearch, 'period'>> & Pick<ReportSearch, 'from' | 'to'>;

export interface ReportView {
  site: string;
  timezone: string;
  period: Period;
  /** The days looked at, where they are known here. */
  pair: [string, string] | null;
  /** The day it is on the site. */
  now: string;
  weekStart: WeekStart;
  range: DateRange;
  time: Time;
  filters: Condition[];
  setFilters: (filters: Condition[]) => void;
  ask: Record<string, unknown>;
  /** `replaces` is for what nobody wants to go back to. */
  change: (part: ReportSearch, replaces?: boolean) => void;
}

/** What the address says about a report, and how to say something else. */
export function useReport(): ReportView {
  const { site = '' } = useParams({ strict: false });
  const search: ReportSearch = useSearch({ strict: false });
  const navigate = useNavigate();
  const known = useSites().data?.find((one) => one.domain === site);
  const period = search.period ?? USUAL_PERIOD;
  const timezone = known?.timezone ?? 'UTC';
  const now = today(timezone, new Date(useClock()));
  const change = (part: ReportSearch, replaces = false) => {
    // The route stays; only what follows the question mark changes.
    navigate({
      to: '.',
      search: (old: ReportSearch) => ({ ...old, ...part }),
      resetScroll: false,
      replace: replaces,
    });
  };
  const pair = days(period, now, search.from, search.to);
  return {
    site,
    timezone,
    period,
    pair,
    now,
    weekStart: weekStart(known?.week_start),
    range: sent(pair, period),
    time: { period, ...(search.from && { from: search.from }), ...(search.to && { to: search.to }) },
    ask: search.ask ?? {},
    filters: search.filters ?? [],
    setFilters: (filters) => change({ filters: filters.length ? filters : undefined }),
    change,
  };
}

/** Names of the site's events in this time, the most frequent first. */
export function useEventNames({ site, range }: ReportView): string[] {
  const { data } = useAnswer({
    site_id: site,
    metrics: ['events'],
    date_range: range,
    dimensions: ['event:name'],
    pagination: { limit: NAMES, offset: 0 },
  });
  const names = data?.results.map((row) => row.dimensions[0] ?? '') ?? [];
  return names.includes('pageview') ? names : ['pageview', ...names];
}
