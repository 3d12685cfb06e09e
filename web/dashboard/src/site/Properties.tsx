import { Skeleton } from '@mantine/core';
import { useSiteView } from './context';
import { PROPERTY, withValue } from './names';
import { Panel } from './Panel';
import type { Tab } from './panels';
import { useProperties } from './useProperties';

/** What events say of themselves. A site whose events have no properties has no such panel. */
export function Properties() {
  const { site } = useSiteView();
  const { data, isPending } = useProperties(site);
  // Its place is kept: the panel beside it would be wide for a moment.
  if (isPending)
    return (
      <section className="card panel low" aria-label="Properties">
        <Skeleton height={180} role="status" aria-label="Loading" />
      </section>
    );
  const [first, ...others] = (data ?? []).map(({ name }): Tab => {
    const dimension = `${PROPERTY}${name}`;
    return { id: name, label: name, dimension, filters: withValue(dimension), beside: ['events'] };
  });
  if (!first) return null;
  const tabs: [Tab, ...Tab[]] = [first, ...others];
  const heading = others.length ? 'Properties' : `Property ${first.label}`;
  return <Panel kind={{ title: 'Properties', heading, tabs, low: true }} />;
}
