import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Condition, DateRange } from '../api/types';
import { compared, days, sent, today } from '../lib/range';
import { type SiteSearch, toggled } from '../lib/search';
import { siteRoute } from '../router';
import { useSites } from '../ui/data';

export interface SiteView {
  site: string;
  timezone: string;
  search: SiteSearch;
  pair: [string, string] | null;
  before: [string, string] | null;
  range: DateRange;
  filters: Condition[];
  change: (part: Partial<SiteSearch>) => void;
  filter: (dimension: string, value: string) => void;
}

/** What the address says about the page, and how to say something else. */
export function useSiteView(): SiteView {
  const { site } = siteRoute.useParams();
  const search = siteRoute.useSearch();
  const navigate = useNavigate({ from: siteRoute.fullPath });
  const timezone = useSites().data?.find((one) => one.domain === site)?.timezone ?? 'UTC';
  return useMemo(() => {
    const pair = days(search.period ?? '28d', today(timezone), search.from, search.to);
    const filters = search.filters ?? [];
    const change = (part: Partial<SiteSearch>) => {
      navigate({ search: (old) => ({ ...old, ...part }), resetScroll: false });
    };
    return {
      site,
      timezone,
      search,
      pair,
      before: pair && search.compare ? compared(pair, search.compare) : null,
      range: sent(pair),
      filters,
      change,
      filter: (dimension, value) => {
        const next = toggled(filters, dimension, value);
        change({ filters: next.length ? next : undefined, open: undefined });
      },
    };
  }, [site, search, timezone, navigate]);
}
