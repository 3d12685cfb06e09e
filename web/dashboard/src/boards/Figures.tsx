import { figure, metricName } from '../lib/format';
import { named } from '../site/names';
import { Change } from '../ui/Change';
import { type Column, DataTable } from '../ui/DataTable';
import { type Drawn, label } from './drawn';

type Row = Drawn['answer']['results'][number];

/** What the same was in the time compared with. */
const before = (metric: string, currency: string): Column<Row>[] => [
  { name: 'Before', cell: (row) => figure(metric, row.comparison?.metrics[0], false, currency) },
  {
    name: 'Change',
    cell: (row) => <Change metric={metric} value={row.metrics[0]} old={row.comparison?.metrics[0]} />,
  },
];

/** The figures of a tile as a table. */
export function Figures({ drawn: { answer, dimensions, metric, currency } }: { drawn: Drawn }) {
  const columns: Column<Row>[] = [
    ...dimensions.map((dimension, place) => ({
      name: named(dimension),
      text: true,
      cell: (row: Row) => label(dimension, row.dimensions[place] ?? ''),
    })),
    {
      name: metricName(metric),
      cell: (row) => figure(metric, row.metrics[0], false, currency),
    },
    ...(answer.results.some(({ comparison }) => comparison) ? before(metric, currency) : []),
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="figures" aria-label="Figures" tabIndex={0}>
      <DataTable columns={columns} rows={answer.results} id={({ dimensions }) => dimensions.join('\n')} />
    </section>
  );
}
