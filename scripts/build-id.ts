/** The ID of a build, by which the CDN files recognize each other. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './programs.js';

/** Files and folders, relative to the project, that decide what the CDN files contain. */
const SOURCES = ['package-lock.json', 'vite.config.ts', 'scripts', 'src'];

/** Returns 8 digits of a hash of the sources and of the dependencies' versions. */
export function buildId(): string {
  const hash = createHash('sha256');
  for (const source of SOURCES)
    for (const file of filesOf(path.join(ROOT, source))) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 8);
}

/** Returns a file itself, or the files in a folder and its subfolders, in the same order on each machine. */
function filesOf(fileOrFolder: string): string[] {
  if (path.extname(fileOrFolder)) return [fileOrFolder];
  return readdirSync(fileOrFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}
