/** Starts programs, and finds, measures and kills them with all their descendants, which only Linux lists (in /proc). */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

interface ProcessEntry {
  pid: number;
  parent: number;
  isZombie: boolean;
}

function readEntry(pid: number): ProcessEntry | undefined {
  try {
    // the second field is the name in brackets, which may itself contain spaces and brackets
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(parent), isZombie: state === 'Z' };
  } catch {
    return undefined; // it has exited
  }
}

/** Lists a process and its living descendants, parents first. */
export function treeOf(root: number): number[] {
  // other systems have no /proc
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

/** Memory and processor time of one process. */
export interface ProcessFigures {
  pid: number;
  command: string;
  residentBytes: number;
  privateBytes: number;
  cpuSeconds: number;
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
      residentBytes: sum(/^Rss:\s+(\d+)/gm),
      privateBytes: sum(/^Private_(?:Clean|Dirty):\s+(\d+)/gm),
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}

// without this, SIGTERM would end a stuck test file without an `exit` event, and its programs would continue
process.once('SIGTERM', () => process.exit(1));

/** A started program. When this Node process exits, it kills the program and its descendants. */
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
    const found = new Set(pids);
    // a killed process may have started another one just before; its descendants are then found by its own PID
    for (let attempts = 0; pids.length > 0 && attempts < 200; attempts++) {
      kill(pids);
      await sleep(10);
      for (const pid of treeOf(this.pid)) found.add(pid);
      pids = [...found].flatMap((pid) => treeOf(pid));
    }
    await this.#ended;
    process.off('exit', this.#atExit);
  }

  /** Waits for the program to exit, and kills it after the timeout. */
  async end(timeoutMs: number): Promise<void> {
    await Promise.race([this.#ended, sleep(timeoutMs, undefined, { ref: false })]);
    await this.kill();
  }
}
