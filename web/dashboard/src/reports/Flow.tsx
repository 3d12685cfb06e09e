import { useCallback } from 'react';
import type { JourneyLink } from '../api/reports';
import { plain } from '../charts/base';
import { Chart, type Colours } from '../charts/Chart';
import { Figure } from '../charts/Figure';
import { figure } from '../lib/format';
import type { Column } from '../ui/DataTable';

/** Pixels: of a name at most, between a name and the next node, and at each side of the drawing. */
const [LONGEST, BETWEEN, SIDE] = [140, 8, 4];
/** Pixels of a column at least, with its names: where there is less room the drawing is scrolled. */
const COLUMN = 84;
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
      least={leastOf(links)}
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
  return <Chart label={label} option={option} least={leastOf(links)} />;
}

export { COLUMNS as FLOW_COLUMNS };

const columnsOf = (links: JourneyLink[]) => Math.max(...links.map(({ step }) => step)) + 1;
const leastOf = (links: JourneyLink[]) => columnsOf(links) * COLUMN;

/** A page at another step is another node: a Sankey diagram has no circles. */
function sankey(links: JourneyLink[], colours: Colours, width: number) {
  const node = (step: number, page: string) => `${step} ${page}`;
  const nodes = new Set(links.flatMap(({ from, to, step }) => [node(step, from), node(step + 1, to)]));
  const page = (name: string) => name.replace(/^\d+ /, '');
  // Every column has its names after it, the last one as well.
  const column = (width - 2 * SIDE) / columnsOf(links);
  const room = Math.min(LONGEST, column - NODE - BETWEEN);
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
        right: SIDE + room + BETWEEN,
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
          position: 'right',
          width: room,
          overflow: 'truncate',
          textBorderWidth: 0,
        },
        // Of names that would lie on each other, that of the larger stays; all are in the table.
        labelLayout: { hideOverlap: true },
        data: [...nodes].map((name) => {
          const step = Number.parseInt(name, 10);
          return {
            name,
            depth: step - 1,
            itemStyle: { color: colours.series[(step - 1) % colours.series.length], borderWidth: 0 },
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
