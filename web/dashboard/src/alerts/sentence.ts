import type { Condition, Rule } from '../api/alerts';
import { duration, figure, isDuration, isRate, metricName } from '../lib/format';
import { named, rowName } from '../site/names';
import { cooldownOf, unfolded } from './rule';

export const CONDITIONS: Record<Condition['type'], string> = {
  above: 'is above',
  below: 'is below',
  change: 'changes by',
  anomaly: 'is unusual',
  forecast_breach: 'leaves its forecast',
  no_data: 'stops',
  event: 'happens',
  new_value: 'is new',
};

export const WINDOWS = {
  '1m': 'a minute',
  '5m': '5 minutes',
  '15m': '15 minutes',
  '1h': 'an hour',
  '1d': 'a day',
};
export const DIRECTIONS = { both: 'up or down', up: 'up', down: 'down' } as const;
export const OVER = {
  previous: 'the time before',
  day: 'a day before',
  week: 'a week before',
} as const;

/** How soon after an alert the next may fire, by the lengths of time that the form offers. */
export const COOLDOWNS = {
  '0s': 'every time',
  '10m': 'every 10 minutes',
  '1h': 'every hour',
  '1d': 'every day',
};

/** How often a rule tells, as the end of its sentence. */
export function often(rule: Rule): string {
  const cooldown = cooldownOf(rule.cooldown, COOLDOWNS);
  if (cooldown === '0s') return COOLDOWNS[cooldown];
  return `at most ${cooldownName(cooldown)}`;
}

/** A cooldown as people call it, also one that the form does not offer. */
export const cooldownName = (cooldown: string): string =>
  COOLDOWNS[cooldown as keyof typeof COOLDOWNS] ?? `every ${windowName(cooldownOf(cooldown, WINDOWS))}`;

const windowName = (window: string) => WINDOWS[window as keyof typeof WINDOWS] ?? window;

/** A rule as one would say it. */
export function sentence(folded: Rule): string {
  const rule = unfolded(folded);
  const where = (rule.filters ?? [])
    .map(
      ([, dimension, values]) =>
        `${named(dimension).toLowerCase()} ${values.map((value) => rowName(dimension, value)).join(' or ')}`,
    )
    .join(', ');
  const each =
    rule.group_by && rule.condition.type !== 'new_value'
      ? `, for each ${named(rule.group_by).toLowerCase()}`
      : '';
  return `${said(rule)}${where && `, only ${where}`}${each}`;
}

/** What a rule watches that watches no metric. */
export const definedName = ({ query }: Rule): string | undefined =>
  query?.series ? `series ${query.series}` : query?.goal ? `goal ${query.goal}` : undefined;

function said(rule: Rule): string {
  const { metric = 'events', condition, window, group_by } = rule;
  const of = rule.metric ? metricName(metric) : (definedName(rule) ?? 'Events');
  const within = window ? ` within ${windowName(window)}` : '';
  switch (condition.type) {
    case 'event':
      return `${condition.event} happens`;
    case 'new_value':
      return `a ${group_by ?? 'value'} is new`;
    case 'above':
    case 'below':
      return `${of} ${CONDITIONS[condition.type]} ${amount(metric, condition.value)}${within}`;
    case 'change':
      return `${of} changes by ${condition.percent} % (${DIRECTIONS[condition.direction]}) against ${OVER[condition.over]}${within}`;
    case 'anomaly':
    case 'forecast_breach':
      return `${of} ${CONDITIONS[condition.type]}${within}`;
    default:
      return `${of} stop${within ? ` for ${windowName(window ?? '')}` : ''}`;
  }
}

/** A threshold with what it is counted in, where it is not just a number. */
function amount(metric: string, value: number): string {
  if (isRate(metric)) return figure(metric, value);
  return isDuration(metric) ? duration(value) : String(value);
}
