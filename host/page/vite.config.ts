import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// Where `npm run dev` and `npm run preview` find a host at work.
const host = process.env.SIMULAY_SERVER ?? 'http://127.0.0.1:7373';
const proxy = Object.fromEntries(
  ['/v1', '/docs', '/openapi.json', '/readyz', '/healthz', '/metrics'].map((path) => [path, { target: host }]),
);

export default defineConfig({
  base: './',
  plugins: [svelte()],
  build: {
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rolldownOptions: {
      // What nearly every screen has is one file: a dozen small ones transfer more, and wait for each other.
      output: { codeSplitting: { groups: [{ name: 'common', test: /src\/lib\/(ui\/(Empty|Page|Problem|State|Time|Icon|scrolls)|title|visible|runs\/names|format\/number)\b/ }] } },
    },
  },
  experimental: {
    // Chunks find each other by their own address; the host writes its prefix into the document when it serves it.
    renderBuiltUrl: (file, { hostType }) => (hostType === 'html' ? `__BASE__/${file}` : { relative: true }),
  },
  server: { proxy },
  preview: { proxy },
  test: { include: ['src/**/*.test.ts'] },
});
