import type { FunnelQuery, FunnelStep } from '../api/reports';
import { DIMENSIONS } from '../site/names';
import type { ReportView } from './context';

export const WINDOWS = { '30m': '30 minutes', '1d': 'a day', '7d': '7 days', '30d': '30 days' };
export const ORDERS = {
  ordered: 'in this order',
  strict: 'one right after the other',
  any: 'in any order',
} as const;
export const MOST = 16;

/** What a single event can be divided and filtered by: a visit's other pages are not among it. */
export const DIVISIONS = Object.entries(DIMENSIONS).filter(
  ([name]) => !['visit:entry_page', 'visit:exit_page', 'event:goal'].includes(name),
);
export const OF_EVENTS = Object.fromEntries(DIVISIONS);

/** A step as the address keeps it: the name of an event, or a page by its path. */
export type Step = string;

export const isPage = (step: Step) => step.startsWith('/');
export const asked = (step: Step): FunnelStep =>
  isPage(step) ? { page: step, name: step } : { event: step };

/** What the address says of a funnel. */
export function readAsk(ask: ReportView['ask']) {
  const steps = Array.isArray(ask.steps)
    ? ask.steps.filter((step): step is Step => typeof step === 'string')
    : [];
  return {
    steps: steps.slice(0, MOST),
    window: Object.keys(WINDOWS).find((name) => name === ask.window) ?? '7d',
    order: (Object.keys(ORDERS) as FunnelQuery['order'][]).find((name) => name === ask.order) ?? 'ordered',
    by: DIVISIONS.map(([name]) => name).find((name) => name === ask.by) ?? '',
  };
}

/** A saved funnel as the address keeps one; a step it cannot say is left out. */
export function readSaved({
  steps = [],
  window,
  order,
}: {
  steps?: (string | FunnelStep)[];
  window?: string;
  order?: FunnelQuery['order'];
}) {
  const texts = steps.flatMap((step) => {
    if (typeof step === 'string') return [step];
    return step.page ?? step.event ?? [];
  });
  return { steps: texts, ...(window && { window }), ...(order && { order }) };
}

export type FunnelAsk = ReturnType<typeof readAsk>;
