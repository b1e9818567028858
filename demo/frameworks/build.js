/** Builds every app, each with its framework's own plugin, into `dist/{name}`. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import vue from '@vitejs/plugin-vue';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import solid from 'vite-plugin-solid';

const FOLDER = import.meta.dirname;

const react = { oxc: { jsx: { runtime: 'automatic', importSource: 'react' } } };

/** Inserts the server-rendered content into the page, as a server does for each request. */
const renderedByServer = {
  name: 'rendered-by-server',
  async transformIndexHtml(html) {
    const root = path.join(FOLDER, 'react-server');
    const outDir = path.join(root, 'dist');
    await build({ configFile: false, logLevel: 'warn', root, ...react, build: { ssr: 'server.tsx', outDir } });
    const { render } = await import(pathToFileURL(path.join(outDir, 'server.js')).href);
    return html.replace('<!--app-->', render());
  },
};

/** The Vite plugins of each app; for JSX, where its functions come from. */
const APPS = {
  html: {},
  react,
  'react-server': { ...react, plugins: [renderedByServer] },
  preact: { oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } } },
  solid: { plugins: [solid()] },
  vue: { plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === 'mule-upload' } } })] },
  svelte: { plugins: [svelte({ configFile: false })] },
  // compiled in the browser, without Angular's own build
  angular: {},
};

for (const [name, config] of Object.entries(APPS)) {
  await build({
    configFile: false,
    logLevel: 'warn',
    root: path.join(FOLDER, name),
    base: './',
    ...config,
    build: {
      outDir: path.join(FOLDER, 'dist', name),
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 2_000,
    },
  });
}
