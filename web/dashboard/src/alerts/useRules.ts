import { useQuery } from '@tanstack/react-query';
import { rules } from '../api/alerts';

export const rulesKey = (site: string) => ['rules', site];

export const useRules = (site: string) =>
  useQuery({ queryKey: rulesKey(site), queryFn: ({ signal }) => rules(site, signal) });
