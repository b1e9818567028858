/** Identifies the version of the code that a benchmark measured, so that a check can report outdated rows of a table. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ENGINE = path.resolve(import.meta.dirname, '../../src/engine');
const HASH_LENGTH = 12;
const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  removeComments: true,
  newLine: ts.NewLineKind.LineFeed,
};

/** Returns a hash of the code below `src/engine`, with its paths; comments, types and line breaks do not change it. */
export function hashEngine(folder = ENGINE): string {
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .sort();
  for (const file of files) {
    const source = readFileSync(path.join(folder, file), 'utf8');
    const code = ts.transpileModule(source, { compilerOptions }).outputText;
    hash.update(`${file}\0`).update(code).update('\0');
  }
  return hash.digest('hex').slice(0, HASH_LENGTH);
}
