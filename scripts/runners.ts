/** Starts the test runners of `npm test`, counts their tests, and reruns failed ones. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { countNodeEvents, type NodeEvent } from './node-counts.js';
import { run } from './run.js';
import type { Counts, Failure } from '../test/wtr/counts-reporter.js';

/** Counts of tests. */
export interface Outcome {
  passed: number;
  failed: number;
  skipped?: number;
  failures?: readonly Failure[];
  /** Printed after the counts. */
  note?: string;
}

/** Whether all tests run, with large files. */
export const isFullSize = process.argv.includes('--all');
/** A runner is stuck if no test has ended for this time; at full size one test may take hours. */
const NO_PROGRESS_MS = isFullSize ? Infinity : 15 * 60_000;
/** `--test-force-exit` ends a test file even if a failed test has left a server or timer open. */
const NODE_FLAGS = ['--import', 'tsx', '--test', '--test-force-exit'];
const NODE_REPORTERS = [
  '--test-reporter=spec',
  '--test-reporter-destination=stdout',
  '--test-reporter=./scripts/node-events.mjs',
  '--test-reporter-destination=stderr',
];
/** Failures of more files than this are not due to chance. */
const MAX_RERUNS = 5;

/** Counts a failure if the runner failed, or ran no test, and reported no failed test. */
function withExitCode(outcome: Outcome, exitCode: number): Outcome {
  if (outcome.failed > 0) return outcome;
  if (exitCode !== 0) return { ...outcome, failed: 1, note: `the runner exited with ${exitCode}` };
  const testCount = outcome.passed + (outcome.skipped ?? 0);
  return testCount > 0 ? outcome : { ...outcome, failed: 1, note: 'no test ran' };
}

export const sumOutcomes = (one: Outcome, other: Outcome): Outcome => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: (one.skipped ?? 0) + (other.skipped ?? 0),
  failures: [...(one.failures ?? []), ...(other.failures ?? [])],
  note: [one.note, other.note].filter(Boolean).join('; '),
});

/** Calls a function with a temporary folder, and removes the folder. */
async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mule-upload-test-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns epoch milliseconds; 0 for a missing file. */
const modifiedAt = (file: string): number => (existsSync(file) ? statSync(file).mtimeMs : 0);

interface NodeOptions {
  /** How many files run at a time; 1 by default. */
  concurrency?: number;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds without the end of a test after which a file's process is ended. */
  noProgressMs?: number;
}

/** Runs one file in its own process: if the process dies, the results of other files remain. */
const runNodeFile = (file: string, { env, noProgressMs = NO_PROGRESS_MS }: NodeOptions): Promise<Outcome> =>
  withTemporaryFolder(async (folder) => {
    const eventsFile = path.join(folder, 'events.jsonl');
    let output = '';
    const code = await run('node', [...NODE_FLAGS, ...NODE_REPORTERS, file], {
      // Node's runner does not start within another one, as it does in the test of this function
      env: { ...env, MULE_TEST_EVENTS: eventsFile, NODE_TEST_CONTEXT: undefined },
      noProgressMs,
      readProgress: () => modifiedAt(eventsFile),
      onOutput: (text) => (output += text),
    });
    // removes the totals of this file; `npm test` prints those of all files
    console.log(`\n${file}\n${output.replace(/^ℹ tests \d+$[^]*/m, '').trimEnd()}`);
    const lines = existsSync(eventsFile) ? readFileSync(eventsFile, 'utf8').trim().split('\n') : [];
    const counts = countNodeEvents(
      file,
      lines.map((line) => JSON.parse(line) as NodeEvent),
    );
    return withExitCode(counts, code);
  });

/** Runs test files by Node's own test runner. */
export async function runNode(files: readonly string[], options: NodeOptions = {}): Promise<Outcome> {
  if (files.length === 0) return { passed: 0, failed: 1, note: 'no test files' };
  const queue = [...files];
  const outcomes: Outcome[] = [];
  const runQueue = async (): Promise<void> => {
    for (let file = queue.shift(); file; file = queue.shift()) outcomes.push(await runNodeFile(file, options));
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 1 }, runQueue));
  return outcomes.reduce(sumOutcomes);
}

/** Runs a test runner that writes its counts to `MULE_TEST_COUNTS`. Counts a failure if an engine ran no test. */
export const runBrowserTests = (
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> =>
  withTemporaryFolder(async (folder) => {
    const countsFile = path.join(folder, 'counts.json');
    const readCounts = (): Counts | null =>
      existsSync(countsFile) ? (JSON.parse(readFileSync(countsFile, 'utf8')) as Counts) : null;
    const code = await run(program, args, {
      env: { ...env, MULE_TEST_COUNTS: countsFile },
      noProgressMs: NO_PROGRESS_MS,
      readProgress: () => modifiedAt(countsFile),
      isDone: () => readCounts()?.isFinal ?? false,
    });
    const counts = readCounts();
    if (!counts) return withExitCode({ passed: 0, failed: 0 }, code);
    const { engines, isFinal, ...outcome } = counts;
    const note = Object.entries(engines)
      .map(([name, testCount]) => `${name} ${testCount}`)
      .concat(isFinal ? [] : 'the runner did not finish')
      .join(', ');
    const hasIdleEngine = Object.values(engines).some((testCount) => testCount === 0);
    return { note, ...withExitCode(hasIdleEngine && outcome.failed === 0 ? { ...outcome, failed: 1 } : outcome, code) };
  });

/** A failure with the arguments that rerun its file. */
export type RepeatableFailure = Failure & { rerunArgs: string[] };

/** The failures of one test file in one engine, which are rerun together. */
interface FailedFile {
  failures: RepeatableFailure[];
  /** Set if the file stopped before its last test. */
  stop?: Failure;
}

function groupByFile(failures: readonly Failure[]): FailedFile[] {
  const files = new Map<string, FailedFile>();
  for (const failure of failures) {
    const { rerunArgs = [], engine, stoppedAfter } = failure;
    const key = [engine, ...rerunArgs].join(' ');
    const file = files.get(key) ?? { failures: [] };
    file.failures.push({ ...failure, rerunArgs });
    if (stoppedAfter !== undefined) file.stop = failure;
    files.set(key, file);
  }
  return [...files.values()];
}

const countFailedTests = (failures: readonly Failure[]): number =>
  failures.reduce((total, { tests = 1 }) => total + tests, 0);

/**
 * Reruns each failed file alone, because a test may fail on a busy machine without a fault in the code. A test that then
 * passes counts as passed and is listed as flaky. For a file that had stopped, the rerun counts instead of the first run
 * if it ends, so that every test counts once.
 * @param rerun reruns the file of a failure
 */
export async function rerunFailures(
  outcome: Outcome,
  rerun: (failure: RepeatableFailure) => Promise<Outcome>,
): Promise<Outcome & { flaky: readonly string[] }> {
  const { failures = [] } = outcome;
  const isRepeatable = countFailedTests(failures) === outcome.failed && failures.every(({ rerunArgs }) => rerunArgs);
  const files = groupByFile(failures);
  if (!isRepeatable || files.length > MAX_RERUNS) return { ...outcome, flaky: [] };
  let { passed } = outcome;
  const remainingFailures: Failure[] = [];
  const flaky: string[] = [];
  for (const { failures: firstFailures, stop } of files) {
    const second = await rerun(firstFailures[0]!);
    const secondFailures = second.failures ?? [];
    const hasStoppedAgain =
      countFailedTests(secondFailures) !== second.failed
      || secondFailures.some(({ stoppedAfter }) => stoppedAfter !== undefined);
    if (second.failed > 0 && (!stop || hasStoppedAgain)) {
      remainingFailures.push(...firstFailures);
      continue;
    }
    passed += stop ? second.passed - stop.stoppedAfter! : countFailedTests(firstFailures);
    remainingFailures.push(...secondFailures);
    if (second.failed === 0) flaky.push(...firstFailures.map(({ what }) => what));
  }
  return { ...outcome, passed, failed: countFailedTests(remainingFailures), failures: remainingFailures, flaky };
}
