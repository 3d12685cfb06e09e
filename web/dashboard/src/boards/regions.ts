import type { QueryAnswer } from '../api/types';
import { WITH_REGIONS } from '../charts/WorldMap';
import { REGION, REGION_NAME } from '../site/names';

/** An answer and its dimensions with regions called by their names in place of their codes. */
export function withRegionsNamed(
  answer: QueryAnswer,
  dimensions: string[],
): { answer: QueryAnswer; dimensions: string[] } {
  const [code, name] = [dimensions.indexOf(REGION), dimensions.indexOf(REGION_NAME)];
  if (code < 0 || name < 0) return { answer, dimensions };
  const codes = new Map<string, Set<string>>();
  for (const { dimensions: values } of answer.results) {
    const named = values[name] ?? '';
    codes.set(named, (codes.get(named) ?? new Set()).add(values[code] ?? ''));
  }
  const called = (values: string[]) => {
    const named = values[name] ?? '';
    // Two countries may call a region the same.
    return (codes.get(named)?.size ?? 0) > 1 ? `${named} (${values[code]})` : named;
  };
  const merged = (values: string[]) =>
    values.flatMap((value, place) => (place === name ? [] : [place === code ? called(values) : value]));
  return {
    dimensions: dimensions.filter((one) => one !== REGION_NAME),
    answer: {
      ...answer,
      results: answer.results.map((row) => ({ ...row, dimensions: merged(row.dimensions) })),
    },
  };
}

/** The country that a map of regions is of: that of its first row, where there is a map. */
export function countryOf({ results }: QueryAnswer, dimensions: string[]): string | undefined {
  if (dimensions[0] !== REGION) return undefined;
  return results.map(({ dimensions: [code = ''] }) => code.slice(0, 2)).find((one) => WITH_REGIONS.has(one));
}
