/** Compiles TypeScript for test pages, by the same transformer as the build of the package. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { TestRunnerPlugin } from '@web/test-runner-core';
import { transformWithOxc } from 'vite';

/** The transformer imports this helper from a package that only its bundler can resolve. */
const HELPER_IMPORT = /^import (\w+) from ["']@oxc-project\/runtime\/helpers\/decorate["'];$/m;

/** Replaces that import. Applies legacy decorators as TypeScript does, the last one first; Lit's decorators are legacy ones. */
const DECORATE =
  'const $1 = (decorators, target, key, given) => {'
  + ' const isMember = key !== undefined;'
  + ' let result = !isMember ? target : given === null ? Object.getOwnPropertyDescriptor(target, key) : given;'
  + ' for (const decorator of decorators.slice().reverse())'
  + ' result = (isMember ? decorator(target, key, result) : decorator(result)) ?? result;'
  + ' if (isMember && result) Object.defineProperty(target, key, result);'
  + ' return result; };';

const isTypeScript = (file: string): boolean => /\.m?ts$/.test(file.split('?')[0]!);

/** Adds the variables that a UMD bundle expects, and a default export. */
const wrapCommonJs = (body: string): string =>
  `const module = { exports: {} }, exports = module.exports; ${body}\nexport default module.exports;`;

/** Returns the plugin for `web-test-runner.config.mjs`. */
export function typescriptPlugin(): TestRunnerPlugin {
  let root = '';
  return {
    name: 'typescript',
    serverStart({ config }) {
      root = config.rootDir;
    },
    resolveMimeType({ path: file }) {
      return isTypeScript(file) ? 'js' : undefined;
    },
    // TypeScript files import `./x.js` for the file x.ts
    resolveImport({ source, context }) {
      if (!isTypeScript(context.path) || !/^\.{1,2}\/.*\.js$/.test(source)) return undefined;
      const file = path.join(root, path.dirname(decodeURI(context.path)), source);
      const typeScriptImport = source.replace(/js$/, 'ts');
      return existsSync(file) || !existsSync(file.replace(/js$/, 'ts')) ? undefined : typeScriptImport;
    },
    async transform({ path: file, body }) {
      if (typeof body !== 'string') return undefined;
      if (file.endsWith('/localforage/dist/localforage.js')) return { body: wrapCommonJs(body) };
      if (!isTypeScript(file)) return undefined;
      const { code, map } = await transformWithOxc(body, path.join(root, file), { target: 'es2022', sourcemap: true });
      const inlineMap = Buffer.from(JSON.stringify({ ...map, sources: [path.basename(file)] })).toString('base64');
      // the helper has one line, as the import has, so that the source map's line numbers stay correct
      const runnable = code.replace(HELPER_IMPORT, DECORATE);
      return { body: `${runnable}\n//# sourceMappingURL=data:application/json;base64,${inlineMap}` };
    },
  };
}
