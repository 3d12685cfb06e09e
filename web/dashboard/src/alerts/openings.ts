import type { Band, HeldRule, Step } from '../api/alerts';
import { counted, countryName, figure } from '../lib/format';
import { COUNTRY } from '../site/names';

/** What happened, by the kind of a step. */
export const STEPS: Record<string, string> = {
  'alert.firing': 'Fired',
  'alert.announced': 'Announced, as the rule is silent no longer',
  'alert.acknowledged': 'Acknowledged',
  'alert.resolved': 'Over',
};

/** Why an alert is over, by the word for it. */
export const REASONS: Record<string, string> = {
  recovered: 'the rule is no longer broken',
  retracted: 'what fired it was corrected or erased',
  closed: 'closed by hand',
  rule_changed: 'the rule was changed',
  rule_removed: 'the rule was removed',
};

export type AlertState = 'firing' | 'acknowledged' | 'over';

/** An alert from when it fired until it was over. */
export interface Opening {
  id: string;
  /** What is known of it, the oldest first. */
  steps: Step[];
  first: Step;
  /** Since when it is over. */
  over?: string;
  reason?: string;
}

/** The alerts that steps belong to, the newest first. The beginning of the last may not be among the steps. */
export function openings(steps: Step[]): Opening[] {
  const byId = new Map<string, Step[]>();
  for (const step of steps) byId.set(step.opening, [step, ...(byId.get(step.opening) ?? [])]);
  return [...byId].flatMap(([id, steps]) => openingOf(id, steps)).sort(byBeginning);
}

function openingOf(id: string, steps: Step[]): Opening[] {
  const [first] = steps;
  if (!first) return [];
  const end = steps.find(({ type }) => type === 'alert.resolved');
  return [
    { id, steps, first, ...(end && { over: end.timestamp, ...(end.reason && { reason: end.reason }) }) },
  ];
}

const byBeginning = (one: Opening, other: Opening) =>
  other.first.started_at.localeCompare(one.first.started_at) || other.first.id - one.first.id;

/** What becomes of an alert: of those that are open, the rules know. */
export function stateOf({ id, over }: Opening, rules: HeldRule[] | undefined): AlertState {
  if (over !== undefined) return 'over';
  const open = rules?.flatMap(({ open }) => open).find(({ opening }) => opening === id);
  return open ? (open.state as AlertState) : rules ? 'over' : 'firing';
}

/** The name of an alert, of one of several by its group: a country by its name, as far as the rule still says so. */
export function titleOf(
  { first: { name, group, alert_id } }: Opening,
  rules: HeldRule[] | undefined,
): string {
  if (!group) return name;
  const by = rules?.find(({ id }) => id === alert_id)?.group_by;
  return `${name} (${by === 'country' || by === COUNTRY ? countryName(group) : group})`;
}

/** What an alert counts, as far as anybody still knows. */
export const metricOf = ({ metric, alert_id }: Step, rules: HeldRule[] | undefined) =>
  metric ?? rules?.find(({ id }) => id === alert_id)?.metric ?? 'events';

/** A value that was measured or expected: nobody counts halves. */
export const written = (metric: string, value: number, currency: string) =>
  figure(metric, counted(metric, value), false, currency);

/** What was expected, between the ends of its band. */
export const bandText = (metric: string, { lower, upper }: Band, currency: string) =>
  `between ${written(metric, Math.max(0, lower), currency)} and ${written(metric, upper, currency)}`;
