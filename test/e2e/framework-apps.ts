/** Installs, type-checks and builds the sample apps in `demo/frameworks` with the package as npm publishes it. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/run.js';
import { ensureBuilt } from './built.js';

const FOLDER = path.join(ROOT, 'demo/frameworks');
const BUILT_APPS = path.join(FOLDER, 'dist');
/** File with the hash of the lock file that was installed last; an unchanged lock file is not installed again. */
const INSTALLED_LOCK_HASH = path.join(FOLDER, 'node_modules/.installed');

export const APPS = ['html', 'react', 'react-server', 'preact', 'solid', 'vue', 'svelte', 'angular'] as const;
export type App = (typeof APPS)[number];

/** @throws Error with the program's output */
function runProgram(program: string, args: readonly string[], cwd = FOLDER): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? ''}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Installs the frameworks if they have changed, and the newly packed package. @param folder for the tarball */
export function installApps(folder: string): void {
  ensureBuilt();
  const lock = createHash('sha256')
    .update(readFileSync(path.join(FOLDER, 'package-lock.json')))
    .digest('hex');
  if (!existsSync(INSTALLED_LOCK_HASH) || readFileSync(INSTALLED_LOCK_HASH, 'utf8') !== lock) {
    runProgram('npm', ['ci', '--include=dev', '--no-audit', '--no-fund']);
    writeFileSync(INSTALLED_LOCK_HASH, lock);
  }
  // the package has just been built, so `npm pack` must not build it again
  const tarball = runProgram(
    'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder],
    ROOT,
  ).trim();
  const settings = ['--no-save', '--include=dev', '--no-package-lock', '--no-audit', '--no-fund', '--prefer-offline'];
  runProgram('npm', ['install', ...settings, path.join(folder, tarball)]);
}

/** Checks the types of an app and of the type tests beside it. @throws Error with the messages */
export function checkTypes(app: App): void {
  const program = (name: string): string => path.join(FOLDER, 'node_modules/.bin', name);
  if (app === 'svelte')
    runProgram(program('svelte-check'), ['--tsconfig', './tsconfig.json', '--output', 'human'], path.join(FOLDER, app));
  else runProgram(program(app === 'vue' ? 'vue-tsc' : 'tsc'), ['-p', app]);
}

/** Builds all apps. @returns their files by path; `/react/` is the page of the React app */
export function buildApps(): Record<string, string> {
  runProgram('node', ['build.js']);
  const files = readdirSync(BUILT_APPS, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(path.join(BUILT_APPS, file)).isFile(),
  );
  return Object.fromEntries(
    files.map((file) => [
      `/${file
        .split(path.sep)
        .join('/')
        .replace(/index\.html$/, '')}`,
      readFileSync(path.join(BUILT_APPS, file), 'utf8'),
    ]),
  );
}
