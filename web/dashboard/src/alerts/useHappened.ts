import { useQuery } from '@tanstack/react-query';
import { explained } from '../api/alerts';
import { type Opening, openings } from './openings';

/** The alert that a step belongs to, as far as it is known, and the step with what it comes from. */
export function useHappened(site: string, step: number | undefined, known: Opening[]) {
  const { data, error, refetch } = useQuery({
    queryKey: ['alert', site, step],
    queryFn: ({ signal }) => explained(site, step ?? 0, signal),
    enabled: step !== undefined,
    retry: false,
  });
  const one = known.find(({ steps }) => steps.some(({ id }) => id === step)) ?? (data && openings([data])[0]);
  return { one, data, error, refetch };
}
