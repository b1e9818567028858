import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT, commandFor } from '../scripts/programs.js';

const CACHE = path.join(ROOT, '.cache');

async function createManifest(): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  // In the project folder: the analyzer needs a relative path, and on Windows the system's temporary folder may be on
  // another drive.
  const folder = await mkdtemp(path.join(CACHE, 'manifest-'));
  try {
    const [program, ...programArguments] = commandFor('cem');
    const args = [...programArguments, 'analyze', '--quiet', '--config', 'custom-elements-manifest.config.js'];
    await promisify(execFile)(program, [...args, '--outdir', path.relative(ROOT, folder)], { cwd: ROOT });
    return await readFile(path.join(folder, 'custom-elements.json'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

let manifest: Promise<string> | null = null;

/** Returns the custom elements manifest of the sources, as JSON. The first call creates it, and a call after a failure. */
export const readManifest = (): Promise<string> =>
  (manifest ??= createManifest().catch((error: unknown) => {
    manifest = null;
    throw error;
  }));
