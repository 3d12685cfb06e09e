import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import type { DateRange } from '../api/types';
import { days, type Period, sent, today } from '../lib/range';
import { useAnswer, useSites } from '../ui/data';
import type { ReportSearch } from './search';

const NAMES = 200;

export interface ReportView {
  site: string;
  period: Period;
  range: DateRange;
  ask: Record<string, unknown>;
  change: (part: ReportSearch) => void;
}

/** What the address says about a report, and how to say something else. */
export function useReport(): ReportView {
  const { site = '' } = useParams({ strict: false });
  const search: ReportSearch = useSearch({ strict: false });
  const navigate = useNavigate();
  const timezone = useSites().data?.find((one) => one.domain === site)?.timezone ?? 'UTC';
  const period = search.period ?? '30d';
  return {
    site,
    period,
    range: sent(days(period, today(timezone)), period),
    ask: search.ask ?? {},
    change: (part) => {
      // The route stays; only what follows the question mark changes.
      navigate({ to: '.', search: (old: ReportSearch) => ({ ...old, ...part }), resetScroll: false });
    },
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
