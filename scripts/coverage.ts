/** Merges the coverage of Node's and the browsers' tests, line by line, from their lcov files. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { codeLines } from './code-lines.js';
import { ROOT } from './run.js';

/** How often each line ran, by line number. */
type LineHits = Map<number, number>;
/** By path of the file. */
type Coverage = Map<string, LineHits>;

function withoutHits(name: string): LineHits {
  return new Map([...codeLines(readFileSync(path.join(ROOT, name), 'utf8'))].map((line) => [line, 0]));
}

/** Adds the hits of one lcov file. */
function addReport(report: string, coverage: Coverage): void {
  let lines: LineHits = new Map();
  for (const row of readFileSync(report, 'utf8').split('\n')) {
    const source = /^SF:(.*)/.exec(row)?.[1];
    const hit = /^DA:(\d+),(\d+)/.exec(row);
    if (source !== undefined) {
      const name = path.relative(ROOT, path.resolve(ROOT, source));
      lines = coverage.get(name) ?? withoutHits(name);
      coverage.set(name, lines);
    } else if (hit) {
      const line = Number(hit[1]);
      if (lines.has(line)) lines.set(line, Math.max(lines.get(line) ?? 0, Number(hit[2])));
    }
  }
}

function formatRate(files: readonly LineHits[]): string {
  const hits = files.flatMap((lines) => [...lines.values()]);
  const covered = hits.filter((count) => count > 0).length;
  return `${((100 * covered) / Math.max(hits.length, 1)).toFixed(1).padStart(6)} % of ${hits.length} lines`;
}

/** Prints the covered lines of each folder and file. */
export function printCoverage(reports: readonly string[], folders: readonly string[]): void {
  const coverage: Coverage = new Map();
  for (const report of reports) if (existsSync(report)) addReport(report, coverage);
  for (const folder of folders) {
    const files = [...coverage]
      .filter(([name]) => name.startsWith(`${folder}/`))
      .sort(([a], [b]) => a.localeCompare(b));
    console.log(`\ncoverage of ${folder}: ${formatRate(files.map(([, hits]) => hits))}`);
    for (const [name, hits] of files)
      if (hits.size > 0) console.log(`  ${formatRate([hits])}  ${path.relative(folder, name)}`);
  }
}
