import type { Condition, Rule } from '../api/alerts';
import { METRICS } from '../lib/format';

export const CONDITIONS: Record<Condition['type'], string> = {
  above: 'is above',
  below: 'is below',
  change: 'changes by',
  anomaly: 'is unusual',
  no_data: 'stops',
  event: 'happens',
};

export const WINDOWS = {
  '1m': 'a minute',
  '5m': '5 minutes',
  '15m': '15 minutes',
  '1h': 'an hour',
  '1d': 'a day',
};
export const METRIC_NAMES: Record<string, string> = { ...METRICS, events: 'Events' };

const windowName = (window: string) => WINDOWS[window as keyof typeof WINDOWS] ?? window;

/** A rule as one would say it. */
export function sentence({ metric = 'visitors', condition, window }: Rule): string {
  const of = METRIC_NAMES[metric] ?? metric;
  const within = window ? ` within ${windowName(window)}` : '';
  switch (condition.type) {
    case 'event':
      return `${condition.event} happens`;
    case 'above':
    case 'below':
      return `${of} ${CONDITIONS[condition.type]} ${condition.value}${within}`;
    case 'change':
      return `${of} changes by ${condition.percent} %${within}`;
    case 'anomaly':
      return `${of} is unusual${within}`;
    default:
      return `${of} stop${within ? ` for ${windowName(window ?? '')}` : ''}`;
  }
}
