/** What spreadsheets take for a formula. Strangers choose what campaigns and pages are called. */
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

const harmless = (text: string) => (FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text);
const quoted = (text: string) => `"${harmless(text).replaceAll('"', '""')}"`;
/** Names of columns are plain words, unless a property is called otherwise. */
const headed = (name: string) => (/^[\w:. -]+$/.test(name) && !FORMULA.test(name) ? name : quoted(name));

/** Rows as separated values. Texts are quoted and never formulas, absent numbers empty. */
export function csvOf(head: string[], rows: (string | number | null | undefined)[][]): string {
  const lines = rows.map((row) =>
    row.map((cell) => (typeof cell === 'string' ? quoted(cell) : (cell ?? ''))).join(','),
  );
  return `${[head.map(headed).join(','), ...lines].join('\r\n')}\r\n`;
}

/** Saves rows as a file with separated values. */
export const saveCsv = (name: string, head: string[], rows: (string | number | null | undefined)[][]): void =>
  saveText(name, csvOf(head, rows), 'text/csv');

/** Saves a text as a file. */
export const saveText = (name: string, text: string, type: string): void =>
  save(name, new Blob([text], { type }));

/** Saves bytes as a file. */
export const saveBytes = (name: string, bytes: Uint8Array<ArrayBuffer>, type: string): void =>
  save(name, new Blob([bytes], { type }));

function save(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
