/** How large `dist/` is, against what it may be. */

import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { OUTPUTS, ROOT } from './bundle.js';

export async function sizes() {
  const rows = await Promise.all(
    OUTPUTS.map(async ({ file, raw, gzip }) => {
      const content = await readFile(`${ROOT}/dist/${file}`);
      const zipped = gzipSync(content, { level: 9 }).length;
      return { file, raw: content.length, gzip: zipped, budget: { raw, gzip } };
    }),
  );
  const over = rows.filter(({ raw, gzip, budget }) => raw > budget.raw || gzip > budget.gzip);
  const lines = rows.map(
    ({ file, raw, gzip, budget }) =>
      `${file.padEnd(13)} ${String(raw).padStart(5)} of ${String(budget.raw).padStart(5)} bytes` +
      `  ${String(gzip).padStart(5)} of ${String(budget.gzip).padStart(5)} gzipped`,
  );
  return { rows, over, table: lines.join('\n') };
}
