import type { Condition, Operator, QueryAnswer } from '../api/types';
import { countryName } from '../lib/format';

export const SIGNS: Record<Operator, string> = {
  is: 'is',
  is_not: 'is not',
  contains: 'contains',
  contains_not: 'does not contain',
  matches: 'matches',
  matches_not: 'does not match',
};

/** Dimensions that can be filtered by, as people call them. */
export const DIMENSIONS: Record<string, string> = {
  'event:page': 'Page',
  'visit:entry_page': 'Entry page',
  'visit:exit_page': 'Exit page',
  'event:hostname': 'Host',
  'visit:source': 'Source',
  'visit:channel': 'Channel',
  'visit:referrer': 'Referrer',
  'visit:utm_medium': 'Medium',
  'visit:utm_campaign': 'Campaign',
  'visit:utm_term': 'Term',
  'visit:utm_content': 'Content',
  'visit:country': 'Country',
  'visit:region': 'Region',
  'visit:city': 'City',
  'visit:browser': 'Browser',
  'visit:os': 'System',
  'visit:device': 'Device',
  'visit:screen': 'Screen',
  'event:goal': 'Goal',
  'event:name': 'Event',
};

export const PROPERTY = 'event:props:';

export const named = (dimension: string): string =>
  DIMENSIONS[dimension] ??
  (dimension.startsWith(PROPERTY) ? dimension.slice(PROPERTY.length) : dimension.replace(/^.*:/, ''));

/** What the server calls the absence of a property. */
const NO_PROPERTY = '(none)';

/** What has to hold where only events that have the property count. */
export const withValue = (dimension: string): Condition[] =>
  dimension.startsWith(PROPERTY) ? [['is_not', dimension, [NO_PROPERTY]]] : [];

export const COUNTRY = 'visit:country';
export const REGION = 'visit:region';

export const REGION_NAME = 'visit:region_name';

/** The dimension, and what its values are called where they are codes that only the server can name. */
export const withNames = (dimension: string): string[] =>
  dimension === REGION ? [dimension, REGION_NAME] : [dimension];

/** Whether what is stored are codes: words within them are those of their names, which are not. */
export const isCoded = (dimension: string): boolean => dimension === COUNTRY || dimension === REGION;

/** How words are looked for within values: people do not mind what is written large. */
export const ANY_CASE = { case_sensitive: false };

/** What regions are called, by their codes, from an answer whose rows are of `withNames`. */
export const regionNames = ({ results }: QueryAnswer): Map<string, string> =>
  new Map(results.map(({ dimensions: [code = '', name = code] }) => [code, name]));

export const rowName = (dimension: string, value: string): string =>
  dimension === COUNTRY ? countryName(value) : value || '(none)';
