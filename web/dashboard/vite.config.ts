import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { regions } from './scripts/regions.js';

/** `virtual:regions`: a map that is cut out of a larger one as the dashboard is built. */
const cut: Plugin = {
  name: 'regions',
  resolveId: (id) => (id === 'virtual:regions' ? `\0${id}` : null),
  load: (id) => (id === '\0virtual:regions' ? `export default ${JSON.stringify(regions())}` : null),
};

// Nothing is inlined: the page's Content-Security-Policy lets scripts and styles come from files alone.
export default defineConfig({
  plugins: [react(), cut],
  build: {
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    rolldownOptions: {
      output: {
        // What the first page needs comes in two files: browsers ask for six at a time, and figures are wanted, too.
        codeSplitting: {
          groups: [
            { name: 'libraries', test: /node_modules/, tags: ['$initial'] },
            { name: 'first', tags: ['$initial'] },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': process.env.OPENTRACE ?? 'http://127.0.0.1:8000' } },
});
