import { useCallback } from 'react';
import type { JourneyLink } from '../api/reports';
import { plain } from '../charts/base';
import { Chart, type Colours } from '../charts/Chart';
import { Figure } from '../charts/Figure';
import { figure } from '../lib/format';
import type { Column } from '../ui/DataTable';

/** Pixels: of a name at most and at least, between a name and the next node, and at each side of the drawing. */
const [LONGEST, SHORTEST, BETWEEN, SIDE] = [120, 30, 8, 4];
/** Pixels of a node, and below it. */
const [NODE, GAP] = [12, 12];

const COLUMNS: Column<JourneyLink>[] = [
  { name: 'From', cell: ({ from }) => from },
  { name: 'To', cell: ({ to }) => to },
  { name: 'Step', cell: ({ step }) => step },
  { name: 'Visits', cell: ({ visits }) => figure('visits', visits) },
];

/** Visits from page to page, with their table. */
export function Flow({ links }: { links: JourneyLink[] }) {
  const option = useCallback((colours: Colours, width: number) => sankey(links, colours, width), [links]);
  return (
    <Figure
      name="journeys"
      label="Visits from page to page"
      kind="tall"
      option={option}
      columns={COLUMNS}
      rows={links}
      id={({ from, to, step }) => `${step} ${from} ${to}`}
    />
  );
}

/** The drawing alone, where a table is elsewhere. */
export function FlowChart({ links, label }: { links: JourneyLink[]; label: string }) {
  const option = useCallback((colours: Colours, width: number) => sankey(links, colours, width), [links]);
  return <Chart label={label} option={option} />;
}

export { COLUMNS as FLOW_COLUMNS };

/** A page at another step is another node: a Sankey diagram has no circles. */
function sankey(links: JourneyLink[], colours: Colours, width: number) {
  const node = (step: number, page: string) => `${step} ${page}`;
  const nodes = new Set(links.flatMap(({ from, to, step }) => [node(step, from), node(step + 1, to)]));
  const page = (name: string) => name.replace(/^\d+ /, '');
  const steps = [...nodes].map((name) => Number.parseInt(name, 10));
  const lastStep = Math.max(...steps);
  // From one node to the next. The last step has its names on the side of the one before it.
  const column = (width - 2 * SIDE - NODE) / Math.max(1, lastStep - 1) - NODE;
  const room = (step: number) => Math.min(LONGEST, (step >= lastStep - 1 ? column / 2 : column) - BETWEEN);
  const base = plain(colours);
  return {
    ...base,
    tooltip: {
      ...base.tooltip,
      formatter: ({
        data,
        name,
        value,
      }: {
        data: { source?: string; target?: string };
        name: string;
        value: number;
      }) =>
        data.source && data.target
          ? `${page(data.source)} → ${page(data.target)}: ${figure('visits', value)} visits`
          : `${page(name)}: ${figure('visits', value)} visits`,
    },
    series: [
      {
        type: 'sankey',
        left: SIDE,
        right: SIDE,
        top: 10,
        bottom: 10,
        nodeWidth: NODE,
        nodeGap: GAP,
        nodeAlign: 'left',
        emphasis: { focus: 'adjacency' },
        lineStyle: { color: 'source', opacity: 0.28, curveness: 0.5 },
        label: {
          color: colours.ink,
          formatter: ({ name }: { name: string }) => page(name),
          overflow: 'truncate',
          textBorderWidth: 0,
        },
        // Of names that would lie on each other, that of the larger stays; all are in the table.
        labelLayout: { hideOverlap: true },
        data: [...nodes].map((name) => {
          const step = Number.parseInt(name, 10);
          return {
            name,
            itemStyle: { color: colours.series[(step - 1) % colours.series.length], borderWidth: 0 },
            // The last names stand before their nodes: there is nothing after them.
            label: {
              position: step === lastStep ? 'left' : 'right',
              show: room(step) >= SHORTEST,
              width: room(step),
            },
          };
        }),
        links: links.map(({ from, to, step, visits }) => ({
          source: node(step, from),
          target: node(step + 1, to),
          value: visits,
        })),
      },
    ],
  };
}
