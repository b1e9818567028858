/** Merges the coverage of Node's and the browsers' tests, line by line, from their lcov files. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { codeLines } from './code-lines.js';
import { ROOT } from './run.js';

/** Hits by line number, by file. */
type Lines = Map<string, Map<number, number>>;

function withoutHits(name: string): Map<number, number> {
  return new Map([...codeLines(readFileSync(path.join(ROOT, name), 'utf8'))].map((line) => [line, 0]));
}

function read(file: string, into: Lines): void {
  let lines = new Map<number, number>();
  for (const row of readFileSync(file, 'utf8').split('\n')) {
    const source = /^SF:(.*)/.exec(row)?.[1];
    const hit = /^DA:(\d+),(\d+)/.exec(row);
    if (source !== undefined) {
      const name = path.relative(ROOT, path.resolve(ROOT, source));
      lines = into.get(name) ?? withoutHits(name);
      into.set(name, lines);
    } else if (hit) {
      const line = Number(hit[1]);
      if (lines.has(line)) lines.set(line, Math.max(lines.get(line) ?? 0, Number(hit[2])));
    }
  }
}

function rate(all: readonly Map<number, number>[]): string {
  const hits = all.flatMap((lines) => [...lines.values()]);
  const covered = hits.filter((count) => count > 0).length;
  return `${((100 * covered) / Math.max(hits.length, 1)).toFixed(1).padStart(6)} % of ${hits.length} lines`;
}

/** Prints the covered lines of each folder and file. */
export function printCoverage(reports: readonly string[], rooms: readonly string[]): void {
  const lines: Lines = new Map();
  for (const report of reports) if (existsSync(report)) read(report, lines);
  for (const room of rooms) {
    const files = [...lines].filter(([name]) => name.startsWith(`${room}/`)).sort(([a], [b]) => a.localeCompare(b));
    console.log(`\ncoverage of ${room}: ${rate(files.map(([, hits]) => hits))}`);
    for (const [name, hits] of files) if (hits.size > 0) console.log(`  ${rate([hits])}  ${path.relative(room, name)}`);
  }
}
