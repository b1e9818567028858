/** How the package's modules are compiled; `scripts/build.ts` runs both kinds, the demo's server takes the default. */
import { readdirSync } from 'node:fs';
import { defineConfig, type Plugin, type UserConfig } from 'vite';
import {
  collapseTemplates,
  engineBeside,
  indexedDbOnly,
  modernLit,
  ownKernel,
  plainImports,
} from './scripts/cdn-plugins.js';
import { selfContainedChunks } from './scripts/lazy-chunks.js';

const ENTRIES = [
  'src/index.ts',
  'src/element/index.ts',
  'src/engine/index.ts',
  'src/signer/index.ts',
  'src/signer/node.ts',
  'src/signer/tools/cli.ts',
  // a page imports those languages that it speaks
  ...readdirSync(new URL('src/element/i18n/strings', import.meta.url)).map(
    (file) => `src/element/i18n/strings/${file}`,
  ),
];

/** Left to the page's own package manager, or to Node. */
const EXTERNAL = /^(?:lit|localforage|kysely|pg|libsql|node:[^/]+)(?:\/.*)?$/;

/** The compiler's helpers come with a folder named after their version; a package's files must not move with it. */
const nameModule = ({ name }: { name: string }): string => `${name.replace(/^_virtual\/.*\//, 'helpers/')}.js`;

/** One module for each source file, in the folders of `src`. */
export const modules: UserConfig = {
  publicDir: false,
  logLevel: 'warn',
  build: {
    target: 'es2022',
    minify: false,
    sourcemap: true,
    lib: { entry: ENTRIES, formats: ['es'] },
    rolldownOptions: {
      external: EXTERNAL,
      output: { preserveModules: true, preserveModulesRoot: 'src', entryFileNames: nameModule },
    },
  },
};

/** The file of the engine's working parts. */
export const ENGINE = 'mule-upload-engine.js';
/** The file of the code that no upload needs before its first request. */
export const DEFERRED = 'mule-upload-deferred-code.js';

/** The file of the list of uploads. */
export const LIST = 'mule-upload-list-controller.js';

/** No library build: Vite keeps the white space of those. */
const minified = (
  input: string,
  entryFileNames: string,
  plugins: Plugin[],
  { isWhole = false, sharesModules = false } = {},
): UserConfig => ({
  publicDir: false,
  logLevel: 'warn',
  mode: 'production',
  plugins: [indexedDbOnly(), plainImports(), modernLit(), collapseTemplates(), ...plugins],
  build: {
    target: 'es2022',
    sourcemap: true,
    modulePreload: false,
    emptyOutDir: false,
    outDir: 'dist/cdn',
    rolldownOptions: {
      input,
      preserveEntrySignatures: sharesModules ? 'allow-extension' : 'strict',
      output: { entryFileNames, chunkFileNames: 'mule-upload-[name].js', ...(isWhole && { codeSplitting: false }) },
    },
  },
});

/**
 * One minified file for a bare `<script type="module" src>`, and beside it what that fetches by itself: the engine's
 * working parts and the list of uploads once the element is there, the rest on those visits that need it. They import
 * nothing: a file that two of them import would be one more that every visit waits for, and the main file's address is
 * the page's to choose. Last, all of it in one file, for pages that can have but one.
 */
export const cdn: readonly UserConfig[] = [
  minified('src/index.ts', 'mule-upload.js', [selfContainedChunks([]), engineBeside(ENGINE)], { sharesModules: true }),
  minified('src/engine/create-manager.ts', ENGINE, [ownKernel(), selfContainedChunks([DEFERRED])], {
    sharesModules: true,
  }),
  minified('src/index.ts', 'mule-upload.whole.js', [], { isWhole: true }),
];

export default defineConfig({ publicDir: false, build: modules.build });
