/** Measures what a page has to load, in bytes of brotli, against our budget. */
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
  /** Bytes above which the check fails; without it the figure is only printed. */
  most?: number;
}

function brotli(text: string): number {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  return brotliCompressSync(text, { params }).length;
}

/** Bundles an entry of `dist` as a page's own bundler does. @returns the chunks that load at once */
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
  // Vite leaves it set to "production", which would change what runs next
  if (environment === undefined) delete process.env.NODE_ENV;
  const { output } = outcome as Rolldown.RolldownOutput;
  const chunks = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])));
  const loaded = new Set([output[0]]);
  // grows while it is iterated over: the chunks that each imports follow
  for (const { imports } of loaded) for (const file of imports) if (chunks.has(file)) loaded.add(chunks.get(file)!);
  return [...loaded].map(({ code }) => code);
}

/** Measures the built package. Needs `dist`. */
export async function measure(): Promise<Size[]> {
  const folder = path.join(ROOT, 'dist/cdn');
  const read = async (file: string): Promise<number> => brotli(await readFile(path.join(folder, file), 'utf8'));
  const others = (await readdir(folder)).filter((file) => /^mule-upload[-.].*\.js$/.test(file)).sort();
  const later = others.filter((file) => ![ENGINE, LIST, DEFERRED].includes(file));
  const [element, engineFile, list] = await Promise.all(['mule-upload.js', ENGINE, LIST].map(read));
  const engine = async (entry: string, external: string[]): Promise<number> =>
    (await bundle(`engine/${entry}`, external)).reduce((sum, code) => sum + brotli(code), 0);
  return [
    { name: 'CDN file, until a file can be chosen: the element with Lit', bytes: element!, most: 23 * KB },
    { name: `${ENGINE}, fetched at once, with localforage`, bytes: engineFile!, most: 31 * KB },
    { name: `${LIST}, fetched at once`, bytes: list!, most: 9.3 * KB },
    { name: 'until a file can be sent: these three', bytes: element! + engineFile! + list!, most: 63 * KB },
    { name: 'engine alone', bytes: await engine('index.js', ['localforage']), most: 4.9 * KB },
    {
      name: 'engine alone, what it fetches at once',
      bytes: await engine('create-manager.js', ['localforage']),
      most: 31.6 * KB,
    },
    { name: `${DEFERRED}, after the first request`, bytes: await read(DEFERRED), most: 9.1 * KB },
    ...(await Promise.all(later.map(async (file) => ({ name: `${file}, when needed`, bytes: await read(file) })))),
  ];
}

/** Prints the figures. @returns whether all are within budget */
export async function areSizesWithinBudget(): Promise<boolean> {
  const sizes = await measure();
  const inKb = (bytes: number): string => (bytes / KB).toFixed(2);
  for (const { name, bytes, most = Infinity } of sizes) {
    const budget = most < Infinity ? `, at most ${inKb(most)}` : '';
    console.log(`${name}: ${inKb(bytes)} kB brotli${budget}${bytes > most ? ': TOO MUCH' : ''}`);
  }
  return sizes.every(({ bytes, most = Infinity }) => bytes <= most);
}
