import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds the wall's API: the mock of `npm run mock`, or a running `gridwall serve`. */
const api = process.env.GRIDWALL_API ?? 'http://127.0.0.1:8790';

const proxy = Object.fromEntries(['/api', '/basemap', '/healthz', '/?once='].map((path) => [path, { target: api, changeOrigin: true, headers: { origin: api } }]));

export default defineConfig({
  // The same files are served at http://127.0.0.1:8787/ and at gridwall://localhost/: every path is relative.
  base: './',
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    // Messages are compiled to a tree and interpreted: no `new Function`, so a strict CSP holds.
    __INTLIFY_JIT_COMPILATION__: true,
  },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2500,
    sourcemap: false,
    rollupOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
      },
    },
  },
  // The ramps lie beside ui/, where the native pictures read them too.
  server: { host: '127.0.0.1', proxy, fs: { allow: ['.', '../assets/ramps'] } },
  preview: { host: '127.0.0.1', proxy },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts'],
    // Styles are left empty, but for the sheet whose text code reads.
    css: { include: [/\/style\/tokens\.css/] },
  },
});
