import type { Condition, Rule } from '../api/alerts';

/** The texts of the form by the names of its fields. */
export type Fields = Record<string, string>;

/** Kinds that watch a number in a window; the others fire with an event itself. */
export const isMeasured = (kind: Condition['type']) => kind !== 'event' && kind !== 'new_value';

/** What the server takes where a rule does not say how soon it may fire again. */
const COOLDOWN = '10m';
const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 7 * 86_400 };

/** The seconds of a length of time as `1h30m`. */
const lengthOf = (text: string) =>
  [...text.matchAll(/(\d+)([a-z]+)/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (SECONDS[unit] ?? NaN),
    0,
  );

/** How soon a rule may fire again, by one of the lengths offered where that is as long: 600s are 10m. */
export const cooldownOf = (cooldown = COOLDOWN, offered: Record<string, string> = {}): string =>
  Object.keys(offered).find((one) => lengthOf(one) === lengthOf(cooldown)) ?? cooldown;

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
      return { type: 'forecast_breach', direction: (fields.direction ?? 'both') as 'both' };
    case 'event':
      return { type: 'event', event: fields.event ?? '' };
    default:
      return { type: kind };
  }
}

/** A rule with the metric and the filters of its query as its own: they mean the same. A series or goal stays one. */
export function unfolded<R extends Rule>(rule: R): R {
  const { query, ...others } = rule;
  const metric = query?.metrics?.[0];
  if (!metric) return rule;
  return { ...others, metric, filters: [...(rule.filters ?? []), ...(query.filters ?? [])] } as unknown as R;
}

/** The texts of the fields that say `rule`. */
export function fieldsOf({ metric, window, cooldown, condition, filters, group_by }: Rule): Fields {
  const [, filtered, [only] = []] = isShown(filters) ? (filters?.[0] ?? []) : [];
  const amount =
    'value' in condition ? condition.value : 'percent' in condition ? condition.percent : undefined;
  const texts = {
    metric,
    window,
    cooldown,
    filtered,
    only,
    group: group_by,
    value: amount === undefined ? undefined : String(amount),
    direction: 'direction' in condition ? condition.direction : undefined,
    over: 'over' in condition ? condition.over : undefined,
    sensitivity: 'sensitivity' in condition ? condition.sensitivity : undefined,
  };
  return Object.fromEntries(Object.entries(texts).filter((field): field is [string, string] => !!field[1]));
}

/** Whether the form can say these conditions: one value of one dimension, or none. */
export const isShown = (filters: Rule['filters'] = []): boolean =>
  filters.length === 0 || (filters.length === 1 && filters[0]?.[0] === 'is' && filters[0][2].length === 1);

/** What becomes another in `old` as the form says `rule`; conditions that it cannot say stay, and so does a query. */
export function changed(old: Rule, rule: Rule): Partial<Record<keyof Rule, unknown>> {
  const held = unfolded(old);
  const folds = old.query && (rule.metric || rule.condition.type === 'event');
  const { site_id: _, filters, metric, window, group_by, cooldown, ...always } = rule;
  return {
    ...always,
    metric: metric ?? null,
    ...(folds && { query: null }),
    window: window ?? null,
    group_by: group_by ?? null,
    cooldown: cooldown ?? null,
    ...(isShown(held.filters) || filters ? { filters: filters ?? null } : folds && { filters: held.filters }),
  };
}

/** The rule that the form says. */
export function ruleOf(site_id: string, kind: Condition['type'], fields: Fields, channels: string[]): Rule {
  const { name = '', metric, window, cooldown, filtered, only, group } = fields;
  return {
    site_id,
    name,
    ...(kind !== 'event' && metric && { metric }),
    ...(isMeasured(kind) && { window }),
    condition: condition(kind, fields),
    ...(filtered && only && { filters: [['is', filtered, [only]]] }),
    ...(group && { group_by: group }),
    ...(cooldown && { cooldown }),
    channels,
  };
}
