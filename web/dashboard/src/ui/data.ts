import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { query, sites } from '../api/client';
import type { Query } from '../api/types';

export const useSites = () => useQuery({ queryKey: ['sites'], queryFn: ({ signal }) => sites(signal) });

/** What the site counts amounts in; empty while that is not known. */
export const useCurrency = (site: string) =>
  useSites().data?.find((one) => one.domain === site)?.currency ?? '';

/** The answer to `body`; while another is on its way the former stays, so that nothing jumps. */
export const useAnswer = (body: Query | null) =>
  useQuery({
    queryKey: ['query', body],
    queryFn: ({ signal }) => {
      if (!body) throw new Error('asked without a query');
      return query(body, signal);
    },
    enabled: body !== null,
    placeholderData: keepPreviousData,
  });
