import { useQuery } from '@tanstack/react-query';
import { type Measure, measures } from '../api/measures';

const NONE: Measure[] = [];

/** Metrics of the site's own. */
export const useMeasures = (site: string): Measure[] =>
  useQuery({ queryKey: ['measures', site], queryFn: ({ signal }) => measures(site, signal) }).data ?? NONE;
