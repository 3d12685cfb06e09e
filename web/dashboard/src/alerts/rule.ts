import type { Condition, Rule } from '../api/alerts';

/** The texts of the form by the names of its fields. */
export type Fields = Record<string, string>;

/** Kinds that watch a number in a window; the others fire with an event itself. */
export const isMeasured = (kind: Condition['type']) => kind !== 'event' && kind !== 'new_value';

function condition(kind: Condition['type'], fields: Fields): Condition {
  const value = Number(fields.value ?? 0);
  switch (kind) {
    case 'above':
    case 'below':
      return { type: kind, value };
    case 'change':
      return {
        type: 'change',
        percent: value,
        direction: (fields.direction ?? 'both') as 'both',
        over: (fields.over ?? 'week') as 'week',
      };
    case 'anomaly':
      return { type: 'anomaly', sensitivity: (fields.sensitivity ?? 'medium') as 'medium' };
    case 'forecast_breach':
      return { type: 'forecast_breach', direction: 'both' };
    case 'event':
      return { type: 'event', event: fields.event ?? '' };
    default:
      return { type: kind };
  }
}

/** The rule that the form says. */
export function ruleOf(site_id: string, kind: Condition['type'], fields: Fields, channels: string[]): Rule {
  const { name = '', metric, window, cooldown, filtered, only, group } = fields;
  return {
    site_id,
    name,
    ...(isMeasured(kind) && { metric, window }),
    condition: condition(kind, fields),
    ...(filtered && only && { filters: [['is', filtered, [only]]] }),
    ...(group && { group_by: group }),
    ...(cooldown && { cooldown }),
    channels,
  };
}
