/** Writes the results as a table: one row per fault and step, one column per engine. */
import { nameOf } from './scenario.js';
import type { Result } from './scenario.js';

/** Returns who detected corrupted bytes, and the result. */
function detectionOf({ scenario, detectedBy }: Result): string {
  if (detectedBy === 'nobody') return 'nobody: the store has other bytes than the file';
  return `the ${detectedBy}, ${scenario.expects?.status === 'failed' ? 'failed' : 'repaired'}`;
}

function cellOf(result: Result): string {
  const { failures, retries, seconds, resentParts, faultCount, recoveryMs } = result;
  if (failures.length) return 'FAILED';
  if (result.detectedBy) return detectionOf(result);
  const words = [`${faultCount} faults`, `${retries} retries`, `${seconds.toFixed(1)} s`];
  if (resentParts) words.push(`${resentParts} sent twice`);
  if (recoveryMs !== null) words.push(`first byte ${(recoveryMs / 1_000).toFixed(1)} s after the outage`);
  return words.join(', ');
}

/** Returns the table in Markdown. */
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
