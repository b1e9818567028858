/** What a page has to load, in bytes of brotli, against what we allow ourselves. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { ROOT } from './run.js';

const KB = 1000;

interface Size {
  name: string;
  bytes: number;
  /** Bytes that we want to come down to; without it the figure is for the reader only. */
  goal?: number;
  /** Bytes above which the check fails: what was reached, so that it does not grow unseen. */
  ceiling?: number;
}

function brotli(text: string): number {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  return brotliCompressSync(text, { params }).length;
}

/** Bundles an entry of `dist` as a page's own bundler does. */
async function bundle(entry: string, external: string[]): Promise<string> {
  const outcome = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: {
        input: path.join(ROOT, 'dist', entry),
        preserveEntrySignatures: 'strict',
        external,
        output: { codeSplitting: false },
      },
    },
  });
  const { output } = outcome as Rolldown.RolldownOutput;
  return output.map((file) => (file.type === 'chunk' ? file.code : '')).join('');
}

/** Measures the built package. Needs `dist`. */
export async function measure(): Promise<Size[]> {
  const cdn = await readFile(path.join(ROOT, 'dist/cdn/mule-upload.js'), 'utf8');
  return [
    { name: 'CDN file: element with Lit and localforage', bytes: brotli(cdn), goal: 32 * KB, ceiling: 38 * KB },
    {
      name: 'engine alone',
      bytes: brotli(await bundle('engine/index.js', ['localforage'])),
      goal: 12 * KB,
      ceiling: 17.3 * KB,
    },
    { name: 'engine with localforage', bytes: brotli(await bundle('engine/index.js', [])) },
  ];
}

/** Prints the figures. @returns whether all are below their ceilings */
export async function areSizesWithinBudget(): Promise<boolean> {
  const sizes = await measure();
  const inKb = (bytes: number): string => (bytes / KB).toFixed(2);
  for (const { name, bytes, goal, ceiling } of sizes) {
    const measures = goal && ceiling ? `; goal ${inKb(goal)}, ceiling ${inKb(ceiling)}` : '';
    console.log(`${name}: ${inKb(bytes)} kB brotli${measures}${bytes > (ceiling ?? Infinity) ? ': TOO MUCH' : ''}`);
  }
  return sizes.every(({ bytes, ceiling = Infinity }) => bytes <= ceiling);
}
