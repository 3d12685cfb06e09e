import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Nothing is inlined: the page's Content-Security-Policy lets scripts and styles come from files alone.
export default defineConfig({
  plugins: [react()],
  build: { outDir: 'dist', assetsInlineLimit: 0, modulePreload: { polyfill: false }, manifest: true },
  server: { proxy: { '/api': process.env.OPENTRACE ?? 'http://127.0.0.1:8000' } },
});
