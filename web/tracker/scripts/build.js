/** Writes `dist/`, which is committed: the program embeds it, and builds without Node. */

import { mkdir, writeFile } from 'node:fs/promises';
import { bundle, OUTPUTS, ROOT } from './bundle.js';
import { sizes } from './sizes.js';

await mkdir(`${ROOT}/dist`, { recursive: true });
for (const output of OUTPUTS) await writeFile(`${ROOT}/dist/${output.file}`, await bundle(output));
console.log((await sizes()).table);
