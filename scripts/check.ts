/** Checks that run no tests: words, lint, types, format, build, manifest, the packed package, sizes. */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isMain } from './programs.js';
import { ROOT, runOrThrow } from './run.js';
import type { Outcome } from './runners.js';
import { areSizesWithinBudget } from './sizes.js';
import { checkWords } from './words.js';

const TAG = 'mule-upload';

interface Manifest {
  modules: {
    declarations?: { tagName?: string; attributes?: unknown[]; events?: unknown[]; cssParts?: unknown[] }[];
  }[];
}

/** Checks that the manifest has the element and its documentation. */
async function checkManifest(): Promise<void> {
  const manifest = JSON.parse(await readFile(path.join(ROOT, 'dist/custom-elements.json'), 'utf8')) as Manifest;
  const element = manifest.modules
    .flatMap(({ declarations = [] }) => declarations)
    .find(({ tagName }) => tagName === TAG);
  if (!element) throw new Error(`the manifest has no <${TAG}>`);
  for (const kind of ['attributes', 'events', 'cssParts'] as const) {
    const count = element[kind]?.length ?? 0;
    if (count === 0) throw new Error(`the manifest has no ${kind} of <${TAG}>`);
    console.log(`${count} ${kind}`);
  }
}

/**
 * Checks that a page can load the CDN files without a bundler: they contain no Node variable and no static import. See
 * `lazy-chunks.ts` for why a chunk may not import the file that requests it.
 */
async function checkCdnFiles(): Promise<void> {
  const folder = path.join(ROOT, 'dist/cdn');
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.js'))) {
    const text = await readFile(path.join(folder, file), 'utf8');
    for (const [content, pattern] of Object.entries({
      'process.env': /process\.env/,
      'a static import': /(?:^|[;}])import\s*["'{*\w]/,
      'Lit in development mode': /Lit is in dev mode/,
    })) {
      if (pattern.test(text)) throw new Error(`${file} contains ${content}`);
    }
    const map = JSON.parse(await readFile(path.join(folder, `${file}.map`), 'utf8')) as { sourcesContent?: unknown[] };
    // the package has no sources for developer tools to load
    if (!map.sourcesContent?.length) throw new Error(`${file}.map contains no sources`);
  }
}

/** Checks what npm would publish, by publint and by every TypeScript resolution mode that supports ESM. */
async function checkPackage(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-pack-'));
  try {
    // --ignore-scripts, because npm pack would build dist again
    await runOrThrow('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder]);
    const [tarball] = await readdir(folder);
    const file = path.join(folder, tarball!);
    await runOrThrow('publint', ['run', file, '--strict']);
    await runOrThrow('attw', [
      file,
      '--profile',
      'esm-only',
      '--exclude-entrypoints',
      './custom-elements.json',
      './openapi.json',
      './html-data.json',
      './css-data.json',
      './package.json',
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkSizes(): Promise<void> {
  if (!(await areSizesWithinBudget())) throw new Error('a file is larger than its budget');
}

type Checks = Readonly<Record<string, () => Promise<void>>>;

/**
 * The checks of a group run in order, because later ones need files that earlier ones build; the groups run in
 * parallel.
 */
const GROUPS: readonly Checks[] = [
  { words: async () => checkWords(), lint: () => runOrThrow('eslint', ['.', '--max-warnings', '0']) },
  {
    types: () => runOrThrow('tsc', ['-p', '.']),
    format: () => runOrThrow('prettier', ['--check', '--log-level', 'warn', '.']),
    build: () => runOrThrow('tsx', ['scripts/build.ts']),
    manifest: checkManifest,
    'CDN files': checkCdnFiles,
    package: checkPackage,
    sizes: checkSizes,
  },
];

/** Runs all checks, even if one fails. */
export async function check(): Promise<Outcome> {
  const failures: string[] = [];
  const runGroup = async (checks: Checks): Promise<void> => {
    for (const [name, runCheck] of Object.entries(checks)) {
      console.log(`\n== ${name}`);
      await runCheck().catch((error: Error) => {
        console.error(`${name}: ${error.message}`);
        failures.push(name);
      });
    }
  };
  await Promise.all(GROUPS.map(runGroup));
  console.log(failures.length === 0 ? '\nall checks passed' : `\nchecks that failed: ${failures.join(', ')}`);
  const count = GROUPS.reduce((sum, checks) => sum + Object.keys(checks).length, 0);
  return { passed: count - failures.length, failed: failures.length, failures: failures.map((what) => ({ what })) };
}

if (isMain(import.meta)) {
  const { failed } = await check();
  process.exitCode = failed === 0 ? 0 : 1;
}
