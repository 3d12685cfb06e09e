import { useMemo } from 'react';
import { figures, type RawAnswer } from '../api/figures';
import type { QueryAnswer } from '../api/types';
import { REGION, REGION_NAME } from '../site/names';
import { useNames } from '../site/useNames';

export interface Figures {
  answer: QueryAnswer;
  dimensions: string[];
}

const NONE: string[] = [];

/** The figures of a result, where it has some, and beside the codes of regions what those are called. */
export function useRegionsNamed(
  site: string,
  result: Record<string, unknown>,
  dimensions = NONE,
): Figures | undefined {
  const answer = useMemo(
    () => (Array.isArray(result.results) ? figures(result as unknown as RawAnswer) : undefined),
    [result],
  );
  const place = dimensions.includes(REGION_NAME) ? -1 : dimensions.indexOf(REGION);
  const codes = useMemo(
    () => (place < 0 ? NONE : [...new Set(answer?.results.map((row) => row.dimensions[place] ?? ''))]),
    [answer, place],
  );
  const names = useNames(site, codes.length ? REGION : '', codes);
  const said = JSON.stringify([...names]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `said` stands for the names
  return useMemo(() => {
    if (!answer || names.size === 0) return answer && { answer, dimensions };
    const results = answer.results.map((row) => {
      const code = row.dimensions[place] ?? '';
      return { ...row, dimensions: [...row.dimensions, names.get(code) ?? code] };
    });
    return { answer: { ...answer, results }, dimensions: [...dimensions, REGION_NAME] };
  }, [answer, dimensions, place, said]);
}
