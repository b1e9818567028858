/** How the package's modules are compiled; `scripts/build.ts` runs both kinds, the demo's server takes the default. */
import { defineConfig, type UserConfig } from 'vite';
import { collapseTemplates, indexedDbOnly } from './scripts/cdn-plugins.js';

const ENTRIES = [
  'src/index.ts',
  'src/element/index.ts',
  'src/engine/index.ts',
  'src/signer/index.ts',
  'src/signer/node.ts',
  'src/signer/cli.ts',
];

/** Left to the page's own package manager, or to Node. */
const EXTERNAL = /^(?:lit|localforage|node:[^/]+)(?:\/.*)?$/;

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

/**
 * One minified file with everything in it, for a bare `<script type="module" src>`. No library build: Vite keeps the
 * white space of those.
 */
export const cdn: UserConfig = {
  publicDir: false,
  logLevel: 'warn',
  mode: 'production',
  plugins: [indexedDbOnly(), collapseTemplates()],
  build: {
    target: 'es2022',
    sourcemap: true,
    modulePreload: false,
    emptyOutDir: false,
    outDir: 'dist/cdn',
    rolldownOptions: {
      input: 'src/index.ts',
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: 'mule-upload.js', codeSplitting: false },
    },
  },
};

export default defineConfig({ publicDir: false, build: modules.build });
