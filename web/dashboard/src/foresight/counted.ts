import type { InsightsAnswer } from '../api/foresight';
import { rangeText, timeText } from '../lib/format';
import { wallClock } from '../lib/range';
import type { SiteSearch } from '../lib/search';
import type { ReportView } from '../reports/context';

/** What was counted: only whole steps are, so it may be less than the time that was chosen. */
export interface Counted {
  time: string;
  before: string;
  /** Whether the chosen time goes on after it. */
  isPart: boolean;
  /** The same time, as the overview's address says it. */
  search: SiteSearch;
}

export function countedOf({ date_range, compare }: InsightsAnswer['query'], view: ReportView): Counted {
  const { timezone, pair, time } = view;
  const [now, before] = [daysOf(date_range, timezone), daysOf(compare, timezone)];
  if (!now || !before)
    return {
      time: timeText(date_range, timezone),
      before: timeText(compare, timezone),
      isPart: false,
      search: { ...time, compare: 'previous' },
    };
  return {
    time: rangeText(now),
    before: rangeText(before),
    isPart: pair !== null && now[1] < pair[1],
    search: {
      period: 'custom',
      from: now[0],
      to: now[1],
      compare: 'custom',
      cfrom: before[0],
      cto: before[1],
    },
  };
}

/** The days from a moment to another, where they are whole ones. */
function daysOf(range: [string, string], timezone: string): [string, string] | undefined {
  const [from = '', to = ''] = range.map((at) => wallClock(timezone, new Date(at)));
  const isWhole = from.endsWith(' 00:00:00') && to.endsWith(' 23:59:59');
  return isWhole ? [from.slice(0, 10), to.slice(0, 10)] : undefined;
}

export const countedText = ({ time, before, isPart }: Counted) =>
  `${time}, against ${before}.${isPart ? ' The day that is not over is left out.' : ''}`;
