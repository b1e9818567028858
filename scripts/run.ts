/** Runs programs for the scripts. Prints each command before it starts; a program shares the script's output. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { figuresOf, treeOf } from '../test/browsers/process-tree.js';
import { ROOT, commandFor } from './programs.js';

export { ROOT };

const BIN = path.join(ROOT, 'node_modules', '.bin');

export interface RunOptions {
  /** Environment variables in addition to those of this process. */
  env?: NodeJS.ProcessEnv;
  /** Milliseconds without progress after which the program is ended, with all processes that it started. */
  noProgressMs?: number;
  /**
   * Returns a value that changes with each step of progress. Without it, `noProgressMs` limits the whole run.
   */
  readProgress?: () => unknown;
  /**
   * Whether the program has done all its work. If it has not exited `EXIT_TIMEOUT_MS` later, it is ended as a success.
   */
  isDone?: () => boolean;
  /** Receives what the program prints; by default the script's own output does. */
  onOutput?: (text: string) => void;
}

/** Time for a program to exit after it has done its work. Browsers have deadlocked while they exited. */
const EXIT_TIMEOUT_MS = 30_000;
const POLL_MS = 1_000;
const LAST_OUTPUT_TIMEOUT_MS = 5_000;

/**
 * Runs a program of the project's packages, or of the system, in the project's folder.
 * @returns its exit code; 1 if a signal or `noProgressMs` ended it; 0 if it was ended after it had done its work
 */
export async function run(
  command: string,
  args: readonly string[] = [],
  { env = {}, noProgressMs = Infinity, readProgress, isDone = () => false, onOutput }: RunOptions = {},
): Promise<number> {
  console.log(`\n> ${[command, ...args].join(' ')}`);
  const [file, ...scriptPath] = commandFor(command);
  const output = onOutput ? 'pipe' : 'inherit';
  const child = spawn(file, [...scriptPath, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env, PATH: `${BIN}${path.delimiter}${process.env.PATH}` },
    stdio: ['ignore', output, output],
  });
  if (onOutput) for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', onOutput);
  let progressAt = performance.now();
  let lastProgress = readProgress?.();
  let doneAt = Infinity;
  const watchTimer = setInterval(() => {
    const now = performance.now();
    const progress = readProgress?.();
    if (progress !== lastProgress) progressAt = now;
    lastProgress = progress;
    if (doneAt === Infinity && isDone()) doneAt = now;
    if (now - progressAt < noProgressMs && now - doneAt < EXIT_TIMEOUT_MS) return;
    const reason = doneAt < Infinity ? 'is done but does not exit' : `made no progress for ${noProgressMs / 1000} s`;
    console.log(`${command} ${reason}: ending it`);
    clearInterval(watchTimer);
    killTree(child.pid!);
  }, POLL_MS);
  try {
    const code = await new Promise<number>((resolve, reject) =>
      child.once('error', reject).once('exit', (status) => resolve(status ?? (doneAt < Infinity ? 0 : 1))),
    );
    // its last output may arrive after its exit; a process that it left running may keep the pipe open
    if (child.stdout && !child.stdout.closed)
      await once(child.stdout, 'close', { signal: AbortSignal.timeout(LAST_OUTPUT_TIMEOUT_MS) }).catch(() => {});
    return code;
  } finally {
    clearInterval(watchTimer);
  }
}

/** Kills a process and all processes that it started, and prints their commands. */
function killTree(root: number): void {
  if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(root), '/t', '/f']);
  for (const pid of treeOf(root)) {
    console.log(`  ${pid} ${figuresOf(pid)?.command ?? ''}`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // the process has ended by itself
    }
  }
}

/** Runs a program as `run` does. @throws Error naming the program if it failed */
export async function runOrThrow(command: string, args: readonly string[] = []): Promise<void> {
  const code = await run(command, args);
  if (code !== 0) throw new Error(`${command} failed with ${code}`);
}
