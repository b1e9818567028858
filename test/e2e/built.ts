import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CDN = path.join(ROOT, 'dist/cdn');
const SCRIPT = path.join(CDN, 'mule-upload.js');

let isChecked = false;

/** Builds the package if it is missing or older than its sources, because end-to-end tests load the published files. */
export function ensureBuilt(): void {
  if (isChecked) return;
  isChecked = true;
  const sources = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).map((file) =>
    path.join(ROOT, 'src', file),
  );
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (existsSync(SCRIPT) && statSync(SCRIPT).mtimeMs > newest) return;
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the package does not build');
}

/** Reads the CDN file, or one of its chunks. @returns null for any other path */
export async function readScript(pathname: string): Promise<Buffer | null> {
  return /^\/mule-upload[\w.-]*\.js$/.test(pathname) ? readFile(path.join(CDN, pathname)) : null;
}
