const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

/** Saves rows as a file with separated values. Texts are quoted, absent numbers empty. */
export function saveCsv(name: string, head: string[], rows: (string | number | null | undefined)[][]): void {
  const lines = rows.map((row) =>
    row.map((cell) => (typeof cell === 'string' ? quoted(cell) : (cell ?? ''))).join(','),
  );
  const text = `${[head.join(','), ...lines].join('\r\n')}\r\n`;
  saveText(name, text, 'text/csv');
}

/** Saves a text as a file. */
export function saveText(name: string, text: string, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
