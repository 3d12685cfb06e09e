import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { session } from '../api/client';
import type { Scope, Session } from '../api/types';

export const SESSION = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => session(signal),
  staleTime: Number.POSITIVE_INFINITY,
});

export const useSession = () => useQuery(SESSION);

/** Whether whoever is looking may do this. */
export function useMay(scope: Scope): boolean {
  return useSession().data?.scopes.includes(scope) ?? false;
}

/** Whether the server has this part of the API: a page whose part is missing is not shown. */
export function useHas(part: string): boolean {
  return useSession().data?.features.includes(part) ?? false;
}

/** Takes a new standing for granted and forgets every answer that was given to the former one. */
export function useWelcome(): (session: Session) => void {
  const client = useQueryClient();
  return (next) => {
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION.queryKey[0] });
    client.setQueryData(SESSION.queryKey, next);
  };
}
