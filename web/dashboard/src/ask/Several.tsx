import { label } from '../boards/drawn';
import { figure, metricName } from '../lib/format';
import { named } from '../site/names';
import { Change } from '../ui/Change';
import { type Column, DataTable } from '../ui/DataTable';
import type { Figures } from './useRegionsNamed';

type Row = Figures['answer']['results'][number];

interface Props {
  of: Figures;
  metrics: string[];
  currency: string;
}

/** Several figures of each row, or of the whole; a chart has one of them. */
export function Several({ of: { answer, dimensions }, metrics, currency }: Props) {
  const value = ({ metrics: values, comparison }: Row, place: number) => {
    const metric = metrics[place] ?? '';
    return (
      <>
        {figure(metric, values[place], false, currency)}
        {comparison && ' '}
        {comparison && <Change metric={metric} value={values[place]} old={comparison.metrics[place]} />}
      </>
    );
  };
  const [whole] = answer.results;
  const ofWhole: Column<string>[] = [
    { name: 'Metric', text: true, cell: metricName },
    { name: 'Figure', cell: (_, place) => whole && value(whole, place) },
  ];
  const ofRows: Column<Row>[] = [
    ...dimensions.map((dimension, place) => ({
      name: named(dimension),
      text: true,
      cell: (row: Row) => label(dimension, row.dimensions[place] ?? ''),
    })),
    ...metrics.map((metric, place) => ({
      name: metricName(metric),
      cell: (row: Row) => value(row, place),
    })),
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" aria-label="Figures" tabIndex={0}>
      {dimensions.length === 0 ? (
        <DataTable columns={ofWhole} rows={metrics} id={(metric) => metric} flow />
      ) : (
        <DataTable columns={ofRows} rows={answer.results} id={(_, place) => place} flow />
      )}
    </section>
  );
}
