import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { query, sites } from '../api/client';
import type { Query, QueryAnswer } from '../api/types';
import { turns } from '../lib/turns';

export const SITES = queryOptions({ queryKey: ['sites'], queryFn: ({ signal }) => sites(signal) });

export const useSites = () => useQuery(SITES);

/** What the site counts amounts in; empty while that is not known. */
export const useCurrency = (site: string) =>
  useSites().data?.find((one) => one.domain === site)?.currency ?? '';

/** Questions at once: what stands above is answered first, and the browser keeps connections for what else comes. */
const AT_ONCE = 3;

/** Asks after what was asked before. */
export const inTurn = turns(AT_ONCE);

export const askInTurn = (body: Query, signal: AbortSignal): Promise<QueryAnswer> =>
  inTurn(() => query(body, signal), signal);

/**
 * The answer to `body`; while another is on its way the former stays, so that nothing jumps. What somebody opened and
 * waits for is asked for by `query` itself, before what the page below still asks. What `rests` is asked for once, and
 * kept up to date only when it rests no longer.
 */
export function useAnswer(body: Query | null, ask = askInTurn, rests = false) {
  const client = useQueryClient();
  const queryKey = ['query', body];
  const isHeld = client.getQueryData(queryKey) !== undefined;
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => {
      if (!body) throw new Error('asked without a query');
      return ask(body, signal);
    },
    enabled: body !== null && !(rests && isHeld),
    placeholderData: keepPreviousData,
  });
}
