import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// Where `npm run dev` and `npm run preview` find a host at work.
const host = process.env.SIMULAY_SERVER ?? 'http://127.0.0.1:7373';
const proxy = Object.fromEntries(
  ['/v1', '/docs', '/openapi.json', '/readyz', '/healthz', '/metrics'].map((path) => [path, { target: host }]),
);

// What the first view needs, as one file: a dozen small ones transfer more, and wait for each other.
const first = {
  name: 'common',
  includeDependenciesRecursively: false,
  test: /vite\/preload|svelte\/src|esm-env|clsx|src\/(routes|screens\/start\/(Start|Welcome|Offers)|lib\/(ui\/(Page|Problem|State|Time|Icon|Words)|api|base|format\/(time|clock)|host|navigate|part|plugins\/offer|paths|problem|remembered|resource|router|states|stream\/news|title))\b/,
};
// What Svelte has for forms and drawings.
const later = {
  name: 'later',
  priority: 1,
  includeDependenciesRecursively: false,
  test: /svelte\/src\/internal\/(client\/dom\/(elements\/(bindings\/(input|select|size)|actions|style|attachments)|blocks\/(svelte-element|key))|shared\/clone)\.js$/,
};

export default defineConfig({
  base: './',
  plugins: [svelte()],
  build: {
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rolldownOptions: {
      // These modules only define what others call; their package does not say so.
      treeshake: { moduleSideEffects: [{ test: /svelte\/src\/internal\/(client|shared)\/|src\/lib\/format\.ts/, sideEffects: false }] },
      output: { codeSplitting: { groups: [later, first] } },
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
