/** The runners behind `npm test`, what they count, and the second look at what failed. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from './run.js';
import type { Counts, Failure } from '../test/wtr/counts-reporter.js';

export interface Outcome {
  passed: number;
  failed: number;
  skipped?: number;
  failures?: readonly Failure[];
  /** What happened beside that. */
  note?: string;
}

/** Whether flows run at full size. */
export const isFull = process.argv.includes('--all');
/** Milliseconds after which a suite counts as stuck; at full size it may take hours. */
const LIMIT = isFull ? Infinity : 30 * 60_000;
/** Ends a test file that is stuck by name, and one whose failed test left something open. */
const NODE_FLAGS = ['--test-reporter=spec', '--test-force-exit', ...(isFull ? [] : [`--test-timeout=${LIMIT / 2}`])];
/** A failure in the report of Node's runner: its file, its name, and the reason down to the stack. */
const FAILURE = /^test at (.*):\d+:\d+\n✖ (.*) \(.*\)\n([^]*?)(?=^ +at |^test at |(?![^]))/gm;
/** Characters told of a failure at the end, where all are told again. */
const MOST_WORDS = 600;
/** With more failures than this it is not chance. */
const MOST_CHANCES = 5;

/** A runner that failed, or ran nothing, without a failed test to show for it has failed all the same. */
function judge(outcome: Outcome, exitCode: number): Outcome {
  if (outcome.failed > 0) return outcome;
  if (exitCode !== 0) return { ...outcome, failed: 1, note: `the runner ended with ${exitCode}` };
  return outcome.passed > 0 ? outcome : { ...outcome, failed: 1, note: 'nothing ran' };
}

export const sum = (one: Outcome, other: Outcome): Outcome => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: (one.skipped ?? 0) + (other.skipped ?? 0),
  failures: [...(one.failures ?? []), ...(other.failures ?? [])],
  note: [one.note, other.note].filter(Boolean).join('; '),
});

/** Runs files of Node's own runner, `before` being the program and arguments that come first. */
export async function runNode(
  files: readonly string[],
  { before = [], flags = [] }: { before?: readonly string[]; flags?: readonly string[] } = {},
): Promise<Outcome> {
  if (files.length === 0) return { passed: 0, failed: 1, note: 'no test files' };
  const words = [...before, 'node', '--import', 'tsx', '--test', ...NODE_FLAGS, ...flags, ...files];
  let text = '';
  // a report in a file is cut off where the runner ends by force
  const code = await run(words[0]!, words.slice(1), { limit: LIMIT, hear: (more) => (text += more) });
  const count = (name: string): number => Number(new RegExp(`^ℹ ${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  const [, details = ''] = text.split(/^✖ failing tests:$/m);
  return judge(
    {
      passed: count('pass'),
      failed: count('fail') + count('cancelled'),
      skipped: count('skipped'),
      failures: [...details.matchAll(FAILURE)].map(([, file, name, reason]) => ({
        what: [name, ...reason!.split('\n').map((line) => line.trim())].filter(Boolean).join(': ').slice(0, MOST_WORDS),
        again: [file!],
      })),
    },
    code,
  );
}

/** Runs what writes down its counts by engine; an engine that ran nothing has failed. */
export async function runCounted(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mule-upload-test-'));
  const file = path.join(folder, 'counts.json');
  const isDone = (): boolean => existsSync(file);
  try {
    const code = await run(program, args, { env: { ...env, MULE_TEST_COUNTS: file }, limit: LIMIT, isDone });
    if (!isDone()) return judge({ passed: 0, failed: 0 }, code);
    const { engines, ...counts } = JSON.parse(readFileSync(file, 'utf8')) as Counts;
    const note = Object.entries(engines)
      .map(([name, ran]) => `${name} ${ran}`)
      .join(', ');
    const isOneIdle = Object.values(engines).some((ran) => ran === 0);
    return { note, ...judge(isOneIdle && counts.failed === 0 ? { ...counts, failed: 1 } : counts, code) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs what failed once more, by itself: a full machine fails a test now and then that says nothing of the code. What
 * passes then counts as passed and is named as unsteady, with what it said at first; a fault in it is still a fault.
 * @param act runs one failure again
 */
export async function lookAgain(
  outcome: Outcome,
  act: (failure: Failure & { again: string[] }) => Promise<Outcome>,
): Promise<Outcome & { unsteady: readonly string[] }> {
  const { failures = [] } = outcome;
  const isEachNamed = failures.length === outcome.failed && failures.every(({ again }) => again);
  if (!isEachNamed || failures.length > MOST_CHANCES) return { ...outcome, unsteady: [] };
  const lasting: Failure[] = [];
  const unsteady: string[] = [];
  const seen = new Map<string, boolean>();
  for (const failure of failures) {
    const { what, again = [], engine } = failure;
    const key = [engine, ...again].join(' ');
    if (!seen.has(key)) seen.set(key, (await act({ ...failure, again })).failed === 0);
    if (seen.get(key)) unsteady.push(what);
    else lasting.push(failure);
  }
  const passed = outcome.passed + unsteady.length;
  return { ...outcome, passed, failed: lasting.length, failures: lasting, unsteady };
}
