import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Condition, DateRange, Site } from '../api/types';
import { METRIC_NAMES, type Metric } from '../lib/format';
import { compared, days, type Interval, intervals, type Period, sent, today } from '../lib/range';
import { type SiteSearch, toggled } from '../lib/search';
import { siteRoute } from '../router';
import { useSession } from '../session/data';
import { useSites } from '../ui/data';

export interface SiteView {
  site: string;
  timezone: string;
  currency: string;
  search: SiteSearch;
  period: Period;
  pair: [string, string] | null;
  before: [string, string] | null;
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
}

/** What the address says about the page, and how to say something else. */
export function useSiteView(): SiteView {
  const { site } = siteRoute.useParams();
  const search = siteRoute.useSearch();
  const navigate = useNavigate({ from: siteRoute.fullPath });
  const known = useSites().data?.find((one) => one.domain === site);
  const answered = useSession().data?.metrics;
  return useMemo(() => {
    const change = (part: Partial<SiteSearch>) => {
      navigate({ search: (old) => ({ ...old, ...part }), resetScroll: false });
    };
    const answers = (metric: string) => answered?.includes(metric) ?? false;
    return { ...viewOf(site, known, search, change), metrics: METRIC_NAMES.filter(answers), answers };
  }, [site, search, known, answered, navigate]);
}

function viewOf(
  site: string,
  known: Site | undefined,
  search: SiteSearch,
  change: SiteView['change'],
): Omit<SiteView, 'metrics' | 'answers'> {
  const timezone = known?.timezone ?? 'UTC';
  const period = search.period ?? '28d';
  const now = today(timezone);
  const pair = days(period, now, search.from, search.to);
  const steps = intervals(pair, period);
  const filters = search.filters ?? [];
  return {
    site,
    timezone,
    currency: known?.currency ?? '',
    search,
    period,
    pair,
    before: pair && search.compare ? compared(pair, search.compare, search.cfrom, search.cto) : null,
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
  };
}
