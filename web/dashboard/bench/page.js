// Parts of docs/benchmarks.md that are measured here, each between two marks of its own.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { binary } from '../test/support/world.js';

const PAGE = new URL('../../../docs/benchmarks.md', import.meta.url);

/** What was measured on. */
export const machine = {
  cores: cpus().length,
  build: binary?.includes('debug') ? ' (debug build)' : '',
};

/** Puts a part into the page, in place of an older one. */
export function put(name, text) {
  const [begin, end] = [`<!-- ${name}: written by web/dashboard -->`, `<!-- ${name}: end -->`];
  const part = `${begin}\n${text.trimEnd()}\n${end}`;
  const held = readFileSync(PAGE, 'utf8');
  const [from, to] = [held.indexOf(begin), held.indexOf(end)];
  writeFileSync(
    PAGE,
    from < 0 ? `${held.trimEnd()}\n\n${part}\n` : held.slice(0, from) + part + held.slice(to + end.length),
  );
}
