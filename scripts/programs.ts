/**
 * Finds the programs that the scripts start, and avoids npm's shims: on Windows these are `.cmd`
 * files, which Node starts only within a shell, where arguments would need quoting.
 * @see https://nodejs.org/api/child_process.html#spawning-bat-and-cmd-files-on-windows
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Package {
  name?: string;
  bin?: string | Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const readPackage = (folder: string): Package => {
  const file = path.join(folder, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Package) : {};
};

/** Returns the script of a program that a package of the project provides; null if none does. */
function findScript(program: string): string | null {
  const { dependencies, devDependencies } = readPackage(ROOT);
  for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
    const folder = path.join(ROOT, 'node_modules', name);
    const { bin = {} } = readPackage(folder);
    const script = typeof bin === 'string' ? name.split('/').at(-1) === program && bin : bin[program];
    if (script) return path.join(folder, script);
  }
  return null;
}

/** Returns npm's own script: that of the npm that started this process, or the one that came with this Node. */
export function findNpm(startedBy = process.env.npm_execpath ?? ''): string | null {
  const bundled = path.join(path.dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js');
  return [startedBy, bundled].find((file) => path.basename(file) === 'npm-cli.js' && existsSync(file)) ?? null;
}

/** Returns the command that starts a program: this Node with the program's script, or the program's name for PATH. */
export function commandFor(program: string): [file: string, ...args: string[]] {
  if (program === 'node') return [process.execPath];
  const script = program === 'npm' ? findNpm() : findScript(program);
  return script ? [process.execPath, script] : [program];
}

/**
 * Whether a module is the program that Node was started with.
 * Compares real paths: the project's folder may be a symbolic link, and Windows writes drive letters in both cases.
 */
export function isMain({ url }: Pick<ImportMeta, 'url'>, started = process.argv[1]): boolean {
  if (!started || !existsSync(started)) return false;
  return realpathSync.native(started) === realpathSync.native(fileURLToPath(url));
}
