/** The results as a table: one row per fault and step, one column per engine. */
import { nameOf } from './scenario.js';
import type { Result } from './scenario.js';

/** Who detected wrong bytes, and the outcome. */
function catchOf({ scenario, caughtBy }: Result): string {
  if (caughtBy === 'nobody') return 'nobody: other bytes than the file’s harness in the store';
  return `the ${caughtBy}, ${scenario.expects?.status === 'failed' ? 'refused' : 'mended'}`;
}

function cellOf(result: Result): string {
  const { failures, retries, seconds, sentTwice, faultCount, back } = result;
  if (failures.length) return 'FAILED';
  if (result.caughtBy) return catchOf(result);
  const words = [`${faultCount} faults`, `${retries} retries`, `${seconds.toFixed(1)} s`];
  if (sentTwice) words.push(`${sentTwice} sent twice`);
  // from the end of the outage to the first byte of a part: probes are sent every 3 s at most
  if (back !== null) words.push(`back after ${(back / 1_000).toFixed(1)} s`);
  return words.join(', ');
}

/** Writes the table in Markdown. */
export function tableOf(results: readonly Result[]): string {
  const engines = [...new Set(results.map(({ engine }) => engine))];
  const rows = new Map<string, Map<string, string>>();
  for (const result of results) {
    const name = nameOf(result.scenario);
    const row = rows.get(name) ?? new Map<string, string>();
    rows.set(name, row.set(result.engine, cellOf(result)));
  }
  const lines = [...rows]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, cells]) => [name, ...engines.map((engine) => cells.get(engine) ?? '–')]);
  return [['fault · step', ...engines], ['---', ...engines.map(() => '---')], ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
