import { figure, metricName } from '../lib/format';
import { type Column, DataTable } from '../ui/DataTable';

type Row = Record<string, unknown>;

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null;

function text(name: string, value: unknown): string {
  if (typeof value === 'number') return figure(name, value);
  return Array.isArray(value) ? value.join(', ') : String(value ?? '–');
}

/** The rows of a report's answer, whatever they are called: words first, then figures. */
export function Rows({ of }: { of: Record<string, unknown> }) {
  const rows =
    Object.values(of).find((value): value is Row[] => Array.isArray(value) && value.every(isRow)) ?? [];
  const isText = (name: string) => rows.some((row) => typeof row[name] === 'string');
  const names = Object.keys(rows[0] ?? {}).sort((one, other) => Number(isText(other)) - Number(isText(one)));
  const columns = names.map(
    (name): Column<Row> => ({
      name: metricName(name),
      text: isText(name),
      cell: (row) => text(name, row[name]),
    }),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" aria-label="Answer" tabIndex={0}>
      <DataTable columns={columns} rows={rows} id={(_, place) => place} flow />
    </section>
  );
}
