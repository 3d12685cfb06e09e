import { useQuery } from '@tanstack/react-query';
import { segments } from '../api/segments';
import type { Condition } from '../api/types';
import { named, rowName, SIGNS } from '../site/names';

export const segmentsKey = (site: string) => ['segments', site];

/** The site's saved filters. */
export const useSegments = (site: string) =>
  useQuery({ queryKey: segmentsKey(site), queryFn: ({ signal }) => segments(site, signal) });

/** Whether of a filter pages are counted, and visits are whole: one by the other is neither. */
export const isOfPages = (filters: Condition[]) =>
  filters.some((condition) => condition.flat(Number.POSITIVE_INFINITY).includes('event:page'));

/** Conditions that the site page can show: plain ones. */
export const isPlain = (filters: Condition[]) => filters.every(([operator]) => operator in SIGNS);

/** `source is Google, country is Germany` */
export const inWords = (filters: Condition[]): string =>
  filters
    .map(([operator, dimension, values]) =>
      operator in SIGNS
        ? `${named(dimension).toLowerCase()} ${SIGNS[operator]} ${values.map((value) => rowName(dimension, value)).join(' or ')}`
        : JSON.stringify([operator, dimension, values]),
    )
    .join(', ');
