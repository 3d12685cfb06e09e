// Fails when the first load of the site page needs more compressed JavaScript than the budget. The
// charts come after the figures and are not counted.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET = 250_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

const files = new Set();
function collect(key) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`the build has no ${key}`);
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const other of chunk.imports ?? []) collect(other);
}
collect('index.html'); // the site page is part of it

let bytes = 0;
for (const file of files) bytes += gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
console.log(`first load: ${bytes} of ${BUDGET} bytes of compressed JavaScript in ${files.size} files`);
if (bytes > BUDGET) process.exit(1);
