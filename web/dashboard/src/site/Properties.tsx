import { useQuery } from '@tanstack/react-query';
import { properties } from '../api/client';
import { useSiteView } from './context';
import { PROPERTY } from './names';
import { Panel } from './Panel';
import type { Tab } from './panels';

/** What events say of themselves. A site whose events have no properties has no such panel. */
export function Properties() {
  const { site } = useSiteView();
  const { data } = useQuery({
    queryKey: ['properties', site],
    queryFn: ({ signal }) => properties(site, signal),
  });
  const [first, ...others] = (data ?? []).map(({ name }) => ({
    id: name,
    label: name,
    dimension: `${PROPERTY}${name}`,
  }));
  if (!first) return null;
  const tabs: [Tab, ...Tab[]] = [first, ...others];
  return <Panel kind={{ title: 'Properties', tabs, beside: ['events'] }} />;
}
