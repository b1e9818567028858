/** Identifies the version of the code that a benchmark measured, so that a check can report outdated rows of a table. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ENGINE = path.resolve(import.meta.dirname, '../../src/engine');
const HASH_LENGTH = 12;

/** Returns a hash of all files below `src/engine`, with their paths. */
export function hashEngine(folder = ENGINE): string {
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .sort();
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(folder, file)))
      .update('\0');
  return hash.digest('hex').slice(0, HASH_LENGTH);
}
