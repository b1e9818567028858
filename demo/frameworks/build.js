/** Builds every app with Vite into `dist/{name}`. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import vue from '@vitejs/plugin-vue';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import solid from 'vite-plugin-solid';

const FOLDER = import.meta.dirname;

const react = { oxc: { jsx: { runtime: 'automatic', importSource: 'react' } } };

/** Renders the app as a server would for each request, and inserts the HTML into the page. */
const serverRendering = {
  name: 'server-rendering',
  async transformIndexHtml(html) {
    const root = path.join(FOLDER, 'react-server');
    const outDir = path.join(root, 'dist');
    await build({ configFile: false, logLevel: 'warn', root, ...react, build: { ssr: 'server.tsx', outDir } });
    const { render } = await import(pathToFileURL(path.join(outDir, 'server.js')).href);
    return html.replace('<!--app-->', render());
  },
};

/** Vite's options for each app: the plugins of its framework, or the package of its JSX functions. */
const APPS = {
  html: {},
  react,
  'react-server': { ...react, plugins: [serverRendering] },
  preact: { oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } } },
  solid: { plugins: [solid()] },
  vue: { plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === 'mule-upload' } } })] },
  svelte: { plugins: [svelte({ configFile: false })] },
  // Angular's compiler runs in the browser, so that the build needs no plugin
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
