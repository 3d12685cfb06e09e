import type { Condition, Operator } from '../api/types';
import { countryCode } from '../lib/format';
import { isSame } from '../lib/search';
import { ANY_CASE, COUNTRY, isCoded, REGION, SIGNS } from './names';
import { type Known, meant } from './Values';

/** What can be said of values of a dimension. */
export const operatorsOf = (dimension: string): Operator[] =>
  (Object.keys(SIGNS) as Operator[]).filter(
    (operator) => !isCoded(dimension) || operator === 'is' || operator === 'is_not',
  );

/** What somebody writes into the form of a filter. */
export interface Draft {
  operator: Operator;
  dimension: string;
  /** As they are called. */
  values: string[];
}

/** Why a value cannot be filtered by, where it cannot. */
export function whyNot(known: Known[], dimension: string, text: string): string | undefined {
  if (text.trim() === '') return 'Write what to look for.';
  const value = meant(known, dimension, text);
  if (dimension === COUNTRY && !known.some((one) => one.value === value) && !countryCode(value.toLowerCase()))
    return `There is no country called “${text.trim()}”.`;
  if (dimension === REGION && known.length > 0 && !known.some((one) => one.value === value))
    return `Nobody came from a region called “${text.trim()}”. Choose one of those offered.`;
}

/** The condition that is meant: words are looked for however they are written, what is chosen is one value. */
export function conditionOf(known: Known[], { operator, dimension, values }: Draft): Condition {
  const isWithin = operator.startsWith('contains');
  const stored = values.map((value) => (isWithin ? value.trim() : meant(known, dimension, value)));
  const each = [...new Set(stored)];
  return isWithin ? [operator, dimension, each, ANY_CASE] : [operator, dimension, each];
}

/** Whether there is this filter already. */
export const isHeld = (filters: Condition[], condition: Condition): boolean =>
  filters.some((one) => isSame(one, condition));
