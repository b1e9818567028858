/** A program that a test started, with all its descendants; read from /proc, so Linux only. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

interface Entry {
  pid: number;
  parent: number;
  isZombie: boolean;
}

function readEntry(pid: number): Entry | undefined {
  try {
    // the name in brackets may contain spaces and brackets: read what follows the last bracket
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(parent), isZombie: state === 'Z' };
  } catch {
    return undefined; // it has exited
  }
}

/** Lists a process and its living descendants, parents first. */
export function treeOf(root: number): number[] {
  // elsewhere only the process itself is known
  if (!existsSync('/proc')) return [root];
  const entries = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readEntry(Number(name)) ?? []) : []));
  const tree = entries.filter(({ pid, isZombie }) => pid === root && !isZombie).map(({ pid }) => pid);
  for (let i = 0; i < tree.length; i++) {
    tree.push(...entries.filter(({ parent, isZombie }) => parent === tree[i] && !isZombie).map(({ pid }) => pid));
  }
  return tree;
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has exited
    }
  }
}

/** Measurements of one process: bytes of memory (resident and private), seconds of processor time. */
export interface ProcessFigures {
  pid: number;
  command: string;
  resident: number;
  private: number;
  cpu: number;
}

const TICKS_PER_SECOND = 100;

/** Reads a process's memory and processor time; undefined once it has exited. */
export function figuresOf(pid: number): ProcessFigures | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const sum = (name: RegExp): number =>
      [...rollup.matchAll(name)].reduce((total, [, kib]) => total + Number(kib) * 1024, 0);
    return {
      pid,
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
      resident: sum(/^Rss:\s+(\d+)/gm),
      private: sum(/^Private_(?:Clean|Dirty):\s+(\d+)/gm),
      cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}

// a signal that ends a stuck test file ends its programs too
process.once('SIGTERM', () => process.exit(1));

/** A started program. It and its descendants end with this Node process. */
export class Program {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly #ended: Promise<unknown>;
  readonly #atExit = (): void => kill(treeOf(this.pid));

  /** @throws Error when the program cannot be started */
  static async start(command: string, args: readonly string[], options: SpawnOptions): Promise<Program> {
    const child = spawn(command, args, options);
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return new Program(child);
  }

  private constructor(child: ChildProcess) {
    this.child = child;
    this.pid = child.pid!;
    this.#ended = new Promise((resolve) => child.once('exit', resolve));
    process.once('exit', this.#atExit);
  }

  /** SIGKILLs the program and all its descendants and waits until they are gone. */
  async kill(): Promise<void> {
    let pids = treeOf(this.pid);
    const seen = new Set(pids);
    // a process may start another before it is killed, and that one could not be found by its parent any more
    for (let tries = 0; pids.length > 0 && tries < 200; tries++) {
      kill(pids);
      await sleep(10);
      for (const pid of treeOf(this.pid)) seen.add(pid);
      pids = [...seen].flatMap((pid) => treeOf(pid));
    }
    await this.#ended;
    process.off('exit', this.#atExit);
  }

  /** Waits for the program to exit, and kills it if it has not after some milliseconds. */
  async end(timeoutMs: number): Promise<void> {
    await Promise.race([this.#ended, sleep(timeoutMs, undefined, { ref: false })]);
    await this.kill();
  }
}
