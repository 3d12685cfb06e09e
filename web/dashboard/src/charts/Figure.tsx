import type { ReactNode } from 'react';
import { type Column, DataTable } from '../ui/DataTable';
import { Chart } from './Chart';

interface Props<Row> {
  /** What it is called in a sentence: “the graph”, “the minutes”. */
  name: string;
  label: string;
  kind?: string;
  option: React.ComponentProps<typeof Chart>['option'];
  prepare?: () => Promise<void>;
  choose?: (name: string) => void;
  least?: number;
  columns: Column<Row>[];
  rows: Row[];
  id: (row: Row, place: number) => string | number;
  /** What stands between the two. */
  children?: ReactNode;
}

/** A chart, and its figures as a table for whoever cannot or will not look at it. */
export function Figure<Row>({ name, label, columns, rows, id, children, ...chart }: Props<Row>) {
  return (
    <>
      <Chart label={`${label}; the same figures are in the table below`} {...chart} />
      {children}
      <details className="twin">
        <summary>The {name} as a table</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section aria-label={`Figures of the ${name}`} tabIndex={0}>
          <DataTable columns={columns} rows={rows} id={id} />
        </section>
      </details>
    </>
  );
}
