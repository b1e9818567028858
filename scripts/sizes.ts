/** Measures the files that a page loads, compressed by brotli, and compares them with their budgets. */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { plainImports } from './cdn-plugins.js';
import { ENGINE, LIST, DEFERRED } from '../vite.config.js';
import { ROOT } from './run.js';

const KB = 1000;

interface Size {
  name: string;
  bytes: number;
  /** Budget; without it the figure is only printed. */
  maxBytes?: number;
}

/** Returns the bytes of a text compressed by brotli. */
function brotliSize(text: string): number {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  return brotliCompressSync(text, { params }).length;
}

/** Bundles an entry of `dist` as a page's own bundler does. @returns the code of the entry and of its static imports */
async function bundle(entry: string, external: string[]): Promise<string[]> {
  const environment = process.env.NODE_ENV;
  const outcome = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [plainImports()],
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: {
        input: path.join(ROOT, 'dist', entry),
        preserveEntrySignatures: 'strict',
        external,
      },
    },
  });
  // Vite sets it to "production", which would change the checks that run after this one
  if (environment === undefined) delete process.env.NODE_ENV;
  const { output } = outcome as Rolldown.RolldownOutput;
  const chunks = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])));
  const loaded = new Set([output[0]]);
  // the loop also reaches the chunks that it adds
  for (const { imports } of loaded) for (const file of imports) if (chunks.has(file)) loaded.add(chunks.get(file)!);
  return [...loaded].map(({ code }) => code);
}

/** Measures the built package. Needs `dist`. */
export async function measure(): Promise<Size[]> {
  const folder = path.join(ROOT, 'dist/cdn');
  const sizeOf = async (file: string): Promise<number> => brotliSize(await readFile(path.join(folder, file), 'utf8'));
  const files = (await readdir(folder)).filter((file) => /^mule-upload[-.].*\.js$/.test(file)).sort();
  const lazyFiles = files.filter((file) => ![ENGINE, LIST, DEFERRED].includes(file));
  const [element, engineFile, list] = await Promise.all(['mule-upload.js', ENGINE, LIST].map(sizeOf));
  const engineSize = async (entry: string, external: string[]): Promise<number> =>
    (await bundle(`engine/${entry}`, external)).reduce((sum, code) => sum + brotliSize(code), 0);
  return [
    { name: 'CDN file, until a file can be chosen: the element with Lit', bytes: element!, maxBytes: 24.5 * KB },
    { name: `${ENGINE}, fetched at once, with localforage`, bytes: engineFile!, maxBytes: 30.8 * KB },
    { name: `${LIST}, fetched at once`, bytes: list!, maxBytes: 10.1 * KB },
    {
      name: 'until a file can be sent: the three files above',
      bytes: element! + engineFile! + list!,
      maxBytes: 65.3 * KB,
    },
    { name: 'engine alone', bytes: await engineSize('index.js', ['localforage']), maxBytes: 4.9 * KB },
    {
      name: 'engine alone, what it fetches at once',
      bytes: await engineSize('create-manager.js', ['localforage']),
      maxBytes: 31.9 * KB,
    },
    { name: `${DEFERRED}, after the first request`, bytes: await sizeOf(DEFERRED), maxBytes: 10.6 * KB },
    ...(await Promise.all(
      lazyFiles.map(async (file) => ({ name: `${file}, when needed`, bytes: await sizeOf(file) })),
    )),
  ];
}

/** Prints the figures. @returns whether all are within budget */
export async function areSizesWithinBudget(): Promise<boolean> {
  const sizes = await measure();
  const inKb = (bytes: number): string => (bytes / KB).toFixed(2);
  for (const { name, bytes, maxBytes = Infinity } of sizes) {
    const budget = maxBytes < Infinity ? `, at most ${inKb(maxBytes)}` : '';
    console.log(`${name}: ${inKb(bytes)} kB brotli${budget}${bytes > maxBytes ? ': TOO MUCH' : ''}`);
  }
  return sizes.every(({ bytes, maxBytes = Infinity }) => bytes <= maxBytes);
}
