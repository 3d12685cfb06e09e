/** Fails where `dist/` is not what the sources build, or larger than it may be. */

import { readFile } from 'node:fs/promises';
import { bundle, OUTPUTS, ROOT } from './bundle.js';
import { sizes } from './sizes.js';

let failed = false;
const complain = (message) => {
  console.error(`tracker: ${message}`);
  failed = true;
};

for (const output of OUTPUTS) {
  const committed = await readFile(`${ROOT}/dist/${output.file}`, 'utf8').catch(() => '');
  if (committed !== (await bundle(output)))
    complain(`dist/${output.file} is not what src builds; run npm run build`);
}
const { over, table } = await sizes();
console.log(table);
for (const { file } of over) complain(`dist/${file} is over its budget`);
process.exitCode = failed ? 1 : 0;
