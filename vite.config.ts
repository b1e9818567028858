/** Vite's configurations. `scripts/build.ts` builds `modules` and `cdn`; the demo's server uses the default export. */
import { readdirSync } from 'node:fs';
import { defineConfig, type Plugin, type UserConfig } from 'vite';
import {
  collapseTemplates,
  indexedDbOnly,
  modernLit,
  ownDigestModules,
  plainImports,
  siblingImports,
} from './scripts/cdn-plugins.js';
import { buildId } from './scripts/build-id.js';
import { selfContainedChunks } from './scripts/lazy-chunks.js';

const ENTRIES = [
  'src/index.ts',
  'src/element/index.ts',
  'src/engine/index.ts',
  'src/signer/index.ts',
  'src/signer/node.ts',
  'src/signer/tools/cli.ts',
  // a page imports only the translations that it uses
  ...readdirSync(new URL('src/element/i18n/strings', import.meta.url)).map(
    (file) => `src/element/i18n/strings/${file}`,
  ),
];

/** Modules that are not bundled: dependencies, which the page's package manager installs, and Node's own. */
const EXTERNAL = /^(?:lit|localforage|kysely|pg|libsql|node:[^/]+)(?:\/.*)?$/;

/** The compiler names the folder of its helpers after its version. Published files need paths that do not change. */
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

/** The file of the engine, without the class `Uploader`, which loads it. */
export const ENGINE = 'mule-upload-engine.js';
/** The file of the code that no upload needs before its first request. */
export const DEFERRED = 'mule-upload-deferred-code.js';

/** The file of the list of uploads. */
export const LIST = 'mule-upload-list-controller.js';

/** ID of the build: a hash of everything that the CDN files are made of. */
const BUILD_ID = buildId();

/** Configures one minified file. It is not a library build, because Vite keeps the white space of ES libraries. */
const minified = (
  input: string,
  entryFileNames: string,
  plugins: Plugin[],
  { isSingleFile = false, sharesModules = false } = {},
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
      output: {
        entryFileNames,
        chunkFileNames: 'mule-upload-[name].js',
        ...(isSingleFile && { codeSplitting: false }),
      },
    },
  },
});

/**
 * The files for a page without a bundler, which loads `mule-upload.js` by `<script type="module" src>`. That file loads
 * the others from its folder: the engine and the list of uploads once an element is on the page, the rest when needed.
 * These import nothing: a module that two of them imported would be one more request that every page waits for, and the
 * page chooses the URL of the main file. `mule-upload.whole.js` holds everything, for pages that can load only one file.
 */
export const cdn: readonly UserConfig[] = [
  minified(
    'src/index.ts',
    'mule-upload.js',
    [selfContainedChunks({ build: BUILD_ID }), siblingImports(ENGINE, BUILD_ID)],
    {
      sharesModules: true,
    },
  ),
  minified(
    'src/engine/create-manager.ts',
    ENGINE,
    [ownDigestModules(), selfContainedChunks({ build: BUILD_ID, retriedChunks: [DEFERRED], isImported: true })],
    { sharesModules: true },
  ),
  minified('src/index.ts', 'mule-upload.whole.js', [], { isSingleFile: true }),
];

export default defineConfig({ publicDir: false, build: modules.build });
