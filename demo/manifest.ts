import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

async function analyze(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-manifest-'));
  try {
    const analyzer = path.join(ROOT, 'node_modules/.bin/cem');
    const args = ['analyze', '--quiet', '--config', 'custom-elements-manifest.config.js'];
    // it takes a folder as seen from the project's
    await promisify(execFile)(analyzer, [...args, '--outdir', path.relative(ROOT, folder)], { cwd: ROOT });
    return await readFile(path.join(folder, 'custom-elements.json'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

let manifest: Promise<string> | null = null;

/** Gives the custom elements manifest of the sources, made when somebody asks for it first. */
export const readManifest = (): Promise<string> => (manifest ??= analyze());
