import { useQuery } from '@tanstack/react-query';
import { properties } from '../api/client';
import { inTurn } from '../ui/data';

/** Properties of the site's events, the most used first. */
export const useProperties = (site: string) =>
  useQuery({
    queryKey: ['properties', site],
    queryFn: ({ signal }) => inTurn(() => properties(site, signal), signal),
  });
