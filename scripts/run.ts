/** Running programs for the scripts: each is said aloud, its output goes where ours goes. */
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
  /** Milliseconds after which it is ended, with all that it started. */
  limit?: number;
  /** Tells that all its work is done: what hangs on after that for longer than `GRACE` is ended, and nothing is lost. */
  isDone?: () => boolean;
  /** Given what it prints, which is printed all the same. */
  hear?: (text: string) => void;
}

/** Milliseconds that a program may take to end once its work is done: engines have been seen to deadlock there. */
const GRACE = 30_000;
const LOOK = 1_000;
const LAST_WORDS = 5_000;

/**
 * Runs a program of the project's packages, or of the system, in the project's folder.
 * @returns its exit code; 1 where a signal, or its limit, ended it; 0 where we did after its work was done
 */
export async function run(
  command: string,
  args: readonly string[] = [],
  { env = {}, limit = Infinity, isDone = () => false, hear }: RunOptions = {},
): Promise<number> {
  console.log(`\n> ${[command, ...args].join(' ')}`);
  const [file, ...first] = commandFor(command);
  const child = spawn(file, [...first, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env, PATH: `${BIN}${path.delimiter}${process.env.PATH}` },
    stdio: ['ignore', hear ? 'pipe' : 'inherit', 'inherit'],
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    hear?.(text);
  });
  const started = performance.now();
  let doneAt = Infinity;
  const watch = setInterval(() => {
    const now = performance.now();
    if (doneAt === Infinity && isDone()) doneAt = now;
    if (now - started < limit && now - doneAt < GRACE) return;
    console.log(`${command} ${doneAt < Infinity ? 'is done and hangs on' : 'does not come to an end'}: it is ended`);
    clearInterval(watch);
    endTree(child.pid!);
  }, LOOK);
  try {
    const code = await new Promise<number>((resolve, reject) =>
      child.once('error', reject).once('exit', (status) => resolve(status ?? (doneAt < Infinity ? 0 : 1))),
    );
    // what it printed last is on its way; something that it left behind may hold on to its output
    if (child.stdout && !child.stdout.closed)
      await once(child.stdout, 'close', { signal: AbortSignal.timeout(LAST_WORDS) }).catch(() => {});
    return code;
  } finally {
    clearInterval(watch);
  }
}

/** Kills a process and all that it started, and says what that was. */
function endTree(root: number): void {
  if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(root), '/t', '/f']);
  for (const pid of treeOf(root)) {
    console.log(`  ${pid} ${figuresOf(pid)?.command ?? ''}`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ended meanwhile
    }
  }
}

/** Like `run`. @throws Error naming the program that failed */
export async function must(command: string, args: readonly string[] = []): Promise<void> {
  const code = await run(command, args);
  if (code !== 0) throw new Error(`${command} failed with ${code}`);
}
