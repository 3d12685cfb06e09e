import { useQuery } from '@tanstack/react-query';
import { query } from '../api/client';
import { withNames } from './names';

/** What values are called that are codes which only the server can name. */
export function useNames(site: string, dimension: string, values: string[]): Map<string, string> {
  const dimensions = withNames(dimension);
  const { data } = useQuery({
    // Not among the figures, which are asked for anew whenever something happens: names stay.
    queryKey: ['names', site, dimension, values],
    queryFn: ({ signal }) =>
      query(
        {
          site_id: site,
          metrics: ['visitors'],
          date_range: 'all',
          dimensions,
          filters: [['is', dimension, values]],
        },
        signal,
      ),
    enabled: dimensions.length > 1,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return new Map(data?.results.map(({ dimensions: [value = '', name = value] }) => [value, name]));
}
