/** Runs programs for the scripts: each is printed before it starts, and its output goes where ours goes. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { figuresOf, treeOf } from '../test/browsers/process-tree.js';
import { ROOT, commandFor } from './programs.js';

export { ROOT };

const BIN = path.join(ROOT, 'node_modules', '.bin');

export interface RunOptions {
  /** Added to our own environment. */
  env?: NodeJS.ProcessEnv;
  /** Milliseconds without progress after which it is ended, with all that it started. */
  limit?: number;
  /**
   * Returns a value that changes with each step of progress; by default there is none, and `limit` is the whole time.
   */
  progress?: () => unknown;
  /**
   * Returns true once all its work is done. A program that runs on for `EXIT_TIMEOUT_MS` is then ended as a success.
   */
  isDone?: () => boolean;
  /** Receives what it prints, in place of our own output. */
  onOutput?: (text: string) => void;
}

/** Time for a program to end once its work is done: engines have been seen to deadlock there. */
const EXIT_TIMEOUT_MS = 30_000;
const POLL_MS = 1_000;
const LAST_OUTPUT_TIMEOUT_MS = 5_000;

/**
 * Runs a program of the project's packages, or of the system, in the project's folder.
 * @returns its exit code; 1 if a signal or its limit ended it; 0 if it was ended after its work was done
 */
export async function run(
  command: string,
  args: readonly string[] = [],
  { env = {}, limit = Infinity, progress, isDone = () => false, onOutput }: RunOptions = {},
): Promise<number> {
  console.log(`\n> ${[command, ...args].join(' ')}`);
  const [file, ...first] = commandFor(command);
  const output = onOutput ? 'pipe' : 'inherit';
  const child = spawn(file, [...first, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env, PATH: `${BIN}${path.delimiter}${process.env.PATH}` },
    stdio: ['ignore', output, output],
  });
  if (onOutput) for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', onOutput);
  let progressAt = performance.now();
  let last = progress?.();
  let doneAt = Infinity;
  const watch = setInterval(() => {
    const now = performance.now();
    const current = progress?.();
    if (current !== last) progressAt = now;
    last = current;
    if (doneAt === Infinity && isDone()) doneAt = now;
    if (now - progressAt < limit && now - doneAt < EXIT_TIMEOUT_MS) return;
    const reason = doneAt < Infinity ? 'is done but does not exit' : `made no progress for ${limit / 1000} s`;
    console.log(`${command} ${reason}: ending it`);
    clearInterval(watch);
    endTree(child.pid!);
  }, POLL_MS);
  try {
    const code = await new Promise<number>((resolve, reject) =>
      child.once('error', reject).once('exit', (status) => resolve(status ?? (doneAt < Infinity ? 0 : 1))),
    );
    // its last output may not have arrived; a process that it left behind may keep the pipe open
    if (child.stdout && !child.stdout.closed)
      await once(child.stdout, 'close', { signal: AbortSignal.timeout(LAST_OUTPUT_TIMEOUT_MS) }).catch(() => {});
    return code;
  } finally {
    clearInterval(watch);
  }
}

/** Kills a process and all that it started, and prints their commands. */
function endTree(root: number): void {
  if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(root), '/t', '/f']);
  for (const pid of treeOf(root)) {
    console.log(`  ${pid} ${figuresOf(pid)?.command ?? ''}`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // has ended by itself
    }
  }
}

/** Like `run`. @throws Error naming the program that failed */
export async function must(command: string, args: readonly string[] = []): Promise<void> {
  const code = await run(command, args);
  if (code !== 0) throw new Error(`${command} failed with ${code}`);
}
