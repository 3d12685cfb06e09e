// Puts a packed copy beside every text of the build, so that the program packs nothing as it runs.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const WORTH_IT = 1000;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

for (const name of readdirSync(dist, { recursive: true })) {
  if (name.startsWith('.') || !/\.(js|css|html|svg|json)$/.test(name)) continue;
  const plain = readFileSync(dist + name);
  if (plain.length > WORTH_IT) writeFileSync(`${dist}${name}.gz`, gzipSync(plain, { level: 9 }));
}
