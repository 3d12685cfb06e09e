import type { ReactNode } from 'react';

export interface Column<Row> {
  name: ReactNode;
  cell: (row: Row, place: number) => ReactNode;
  /** Words are set to the left, figures to the right. */
  text?: boolean;
}

interface Props<Row> {
  columns: Column<Row>[];
  rows: Row[];
  id: (row: Row, place: number) => string | number;
  /** Lets columns have the width of their words. */
  flow?: boolean;
}

/** Rows with a head each. */
export function DataTable<Row>({ columns, rows, id, flow = false }: Props<Row>) {
  return (
    <table className={flow ? 'data flow' : 'data'}>
      <thead>
        <tr>
          {columns.map(({ name, text }, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
            <th scope="col" key={place} className={text ? 'text' : undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, place) => (
          <tr key={id(row, place)}>
            {columns.map(({ cell, text }, column) =>
              column === 0 ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                <th scope="row" key={column}>
                  {cell(row, place)}
                </th>
              ) : (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                <td key={column} className={text ? 'text' : undefined}>
                  {cell(row, place)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
