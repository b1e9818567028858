/** Runs the test runners behind `npm test`, counts their tests, and runs again what failed. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { countNodeEvents, type NodeEvent } from './node-counts.js';
import { run } from './run.js';
import type { Counts, Failure } from '../test/wtr/counts-reporter.js';

export interface Outcome {
  passed: number;
  failed: number;
  skipped?: number;
  failures?: readonly Failure[];
  /** Shown behind the counts. */
  note?: string;
}

/** Whether flows run at full size. */
export const isFull = process.argv.includes('--all');
/** Time without the end of a test after which a runner counts as stuck; at full size one test may take hours. */
const NO_PROGRESS_MS = isFull ? Infinity : 15 * 60_000;
/** Force-exit ends a test file whose failed test left something open. */
const NODE_FLAGS = ['--import', 'tsx', '--test', '--test-force-exit'];
const NODE_REPORTERS = [
  '--test-reporter=spec',
  '--test-reporter-destination=stdout',
  '--test-reporter=./scripts/node-events.mjs',
  '--test-reporter-destination=stderr',
];
/** With failures in more places than this it is not chance. */
const MAX_RERUNS = 5;

/** A runner that failed, or ran nothing, without a failed test to show for it has failed all the same. */
function withExitCode(outcome: Outcome, exitCode: number): Outcome {
  if (outcome.failed > 0) return outcome;
  if (exitCode !== 0) return { ...outcome, failed: 1, note: `the runner ended with ${exitCode}` };
  const ran = outcome.passed + (outcome.skipped ?? 0);
  return ran > 0 ? outcome : { ...outcome, failed: 1, note: 'nothing ran' };
}

export const sum = (one: Outcome, other: Outcome): Outcome => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: (one.skipped ?? 0) + (other.skipped ?? 0),
  failures: [...(one.failures ?? []), ...(other.failures ?? [])],
  note: [one.note, other.note].filter(Boolean).join('; '),
});

/** Calls a function with a folder that is removed afterwards. */
async function withFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mule-upload-test-'));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const changedAt = (file: string): number => (existsSync(file) ? statSync(file).mtimeMs : 0);

interface NodeOptions {
  /** Files at a time. */
  concurrency?: number;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds without the end of a test after which a file is ended. */
  limit?: number;
}

/** Runs a file in its own process, so that a file that stops does not lose the results of other files. */
const runNodeFile = (file: string, { env, limit = NO_PROGRESS_MS }: NodeOptions): Promise<Outcome> =>
  withFolder(async (folder) => {
    const events = path.join(folder, 'events.jsonl');
    let output = '';
    const code = await run('node', [...NODE_FLAGS, ...NODE_REPORTERS, file], {
      // a test of this function runs within Node's runner, which refuses to start itself again
      env: { ...env, MULE_TEST_EVENTS: events, NODE_TEST_CONTEXT: undefined },
      limit,
      progress: () => changedAt(events),
      onOutput: (text) => (output += text),
    });
    // the totals come at the end of the suite
    console.log(`\n${file}\n${output.replace(/^ℹ tests \d+$[^]*/m, '').trimEnd()}`);
    const lines = existsSync(events) ? readFileSync(events, 'utf8').trim().split('\n') : [];
    const counts = countNodeEvents(
      file,
      lines.map((line) => JSON.parse(line) as NodeEvent),
    );
    return withExitCode(counts, code);
  });

/** Runs files of Node's own runner. */
export async function runNode(files: readonly string[], options: NodeOptions = {}): Promise<Outcome> {
  if (files.length === 0) return { passed: 0, failed: 1, note: 'no test files' };
  const waiting = [...files];
  const outcomes: Outcome[] = [];
  const runNext = async (): Promise<void> => {
    for (let file = waiting.shift(); file; file = waiting.shift()) outcomes.push(await runNodeFile(file, options));
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 1 }, runNext));
  return outcomes.reduce(sum);
}

/** Runs a program that writes down its counts by engine; an engine that ran nothing has failed. */
export const runCounted = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  withFolder(async (folder) => {
    const file = path.join(folder, 'counts.json');
    const read = (): Counts | null => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Counts) : null);
    const code = await run(program, args, {
      env: { ...env, MULE_TEST_COUNTS: file },
      limit: NO_PROGRESS_MS,
      progress: () => changedAt(file),
      isDone: () => read()?.isFinal ?? false,
    });
    const counts = read();
    if (!counts) return withExitCode({ passed: 0, failed: 0 }, code);
    const { engines, isFinal, ...outcome } = counts;
    const note = Object.entries(engines)
      .map(([name, ran]) => `${name} ${ran}`)
      .concat(isFinal ? [] : 'the runner stopped before its end')
      .join(', ');
    const isOneIdle = Object.values(engines).some((ran) => ran === 0);
    return { note, ...withExitCode(isOneIdle && outcome.failed === 0 ? { ...outcome, failed: 1 } : outcome, code) };
  });

/** The smallest unit of a run: a test file, in one engine if there are several. */
interface Place {
  failures: (Failure & { again: string[] })[];
  /** The failure of a file that did not run all its tests. */
  stop?: Failure;
}

function placesOf(failures: readonly Failure[]): Place[] {
  const places = new Map<string, Place>();
  for (const failure of failures) {
    const { again = [], engine, stoppedAfter } = failure;
    const key = [engine, ...again].join(' ');
    const place = places.get(key) ?? { failures: [] };
    place.failures.push({ ...failure, again });
    if (stoppedAfter !== undefined) place.stop = failure;
    places.set(key, place);
  }
  return [...places.values()];
}

const testsOf = (failures: readonly Failure[]): number => failures.reduce((total, { tests = 1 }) => total + tests, 0);

/**
 * Runs again, by itself, what failed: a test may fail on a busy machine without a fault in the code. A test that then
 * passes counts as passed and is listed as flaky. A file that had stopped counts as its second run, if that runs to its
 * end, so that no test is missing from the total.
 * @param rerun runs the place of a failure again
 */
export async function rerunFailures(
  outcome: Outcome,
  rerun: (failure: Failure & { again: string[] }) => Promise<Outcome>,
): Promise<Outcome & { flaky: readonly string[] }> {
  const { failures = [] } = outcome;
  const isEachNamed = testsOf(failures) === outcome.failed && failures.every(({ again }) => again);
  const places = placesOf(failures);
  if (!isEachNamed || places.length > MAX_RERUNS) return { ...outcome, flaky: [] };
  let { passed } = outcome;
  const lasting: Failure[] = [];
  const flaky: string[] = [];
  for (const { failures: first, stop } of places) {
    const second = await rerun(first[0]!);
    const secondFailures = second.failures ?? [];
    const hasStoppedAgain =
      testsOf(secondFailures) !== second.failed
      || secondFailures.some(({ stoppedAfter }) => stoppedAfter !== undefined);
    if (second.failed > 0 && (!stop || hasStoppedAgain)) {
      lasting.push(...first);
      continue;
    }
    passed += stop ? second.passed - stop.stoppedAfter! : testsOf(first);
    lasting.push(...secondFailures);
    if (second.failed === 0) flaky.push(...first.map(({ what }) => what));
  }
  return { ...outcome, passed, failed: testsOf(lasting), failures: lasting, flaky };
}
