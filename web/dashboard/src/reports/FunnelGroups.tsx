import type { FunnelResult } from '../api/reports';
import { figure } from '../lib/format';
import { named, rowName } from '../site/names';
import { type Column, DataTable } from '../ui/DataTable';

interface Group {
  dimensions: [string];
  steps: FunnelResult[];
}

const last = ({ steps }: Group) => steps.at(-1);
const part = (steps: FunnelResult[], place: number) => {
  const first = steps[0]?.visitors ?? 0;
  return first ? (100 * (steps[place]?.visitors ?? 0)) / first : null;
};

/** The same funnel for each group: how many of it came to each step, and how long the whole took. */
export function FunnelGroups({ groups, dimension }: { groups: Group[]; dimension: string }) {
  const names = groups[0]?.steps.map(({ name }) => name) ?? [];
  const columns: Column<Group>[] = [
    { name: named(dimension), cell: ({ dimensions: [value] }) => rowName(dimension, value) },
    { name: 'Began', cell: ({ steps }) => figure('visitors', steps[0]?.visitors) },
    ...names.slice(1).map((name, index) => ({
      name,
      cell: ({ steps }: Group) => <Share of={part(steps, index + 1)} />,
    })),
    { name: 'Time to convert', cell: (group) => figure('visit_duration', last(group)?.median_seconds) },
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" aria-label="Breakdown" tabIndex={0}>
      <DataTable columns={columns} rows={groups} id={({ dimensions: [value] }) => value} flow />
    </section>
  );
}

function Share({ of }: { of: number | null }) {
  if (of === null) return '–';
  return (
    <span className="heat" style={{ '--share': `${Math.round(of)}%` } as React.CSSProperties}>
      {figure('percentage', of)}
    </span>
  );
}
