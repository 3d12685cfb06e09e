/** Turns the sources into what browsers get. Always the same output for the same input. */

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { minify } from 'terser';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Browsers since 2021. Code for older ones would be larger. */
const TARGET = 'es2021';

/** What is built, and how large it may be: bytes as they are, and bytes after gzip. */
export const OUTPUTS = [
  { file: 'opentrace.js', entry: 'src/opentrace.ts', format: 'iife', raw: 2047, gzip: 1500 },
  { file: 'errors.js', entry: 'src/extensions/errors.ts', format: 'esm', raw: 700, gzip: 450 },
  { file: 'forms.js', entry: 'src/extensions/forms.ts', format: 'esm', raw: 400, gzip: 300 },
  {
    file: 'vitals.js',
    entry: 'src/extensions/vitals.ts',
    format: 'esm',
    raw: 9600,
    gzip: 3700,
    banner: '/*! Includes web-vitals. Copyright Google LLC. Apache-2.0. */',
  },
];

/** esbuild joins the modules, terser makes them small: together they are smaller than either alone. */
export async function bundle({ entry, format, banner }) {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    format,
    target: TARGET,
    // Without the project's settings: they would add a "use strict" to the script.
    tsconfigRaw: {},
    legalComments: 'none',
    write: false,
  });
  const { code } = await minify(outputFiles[0].text, {
    ecma: 2020,
    module: format === 'esm',
    toplevel: true,
    compress: { passes: 3, unsafe_arrows: true },
    format: { preamble: banner },
  });
  return code;
}
