import { execFile, spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Time for a process to exit before it is killed. */
const EXIT_TIMEOUT_MS = 10_000;

/** Returns a TCP port that no process listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a command to its end and returns its output. */
export async function run(
  command: string,
  parameters: readonly string[],
  options: { env?: NodeJS.ProcessEnv; timeout?: number; cwd?: string; uid?: number; gid?: number } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(command, parameters, { maxBuffer: 16 * 1024 ** 2, ...options });
  return stdout;
}

/** A server process; keeps the last 8 KiB of its output. */
export class Daemon {
  readonly #process: ChildProcess;
  #log = '';

  constructor(command: string, parameters: readonly string[], options: SpawnOptions = {}) {
    this.#process = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString()).slice(-8192);
      });
    }
    this.#process.on('error', (error) => {
      this.#log += String(error);
    });
    // a test run that ends by an exception must not leave its servers running
    const killAtExit = (): void => void this.#process.kill('SIGKILL');
    process.once('exit', killAtExit);
    this.#process.once('exit', () => process.off('exit', killAtExit));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The last 8 KiB of the process's output. */
  get log(): string {
    return this.#log;
  }

  get isRunning(): boolean {
    return this.#process.pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Stops this process, but not its descendants; kills it if it does not exit in time. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    const killTimer = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_TIMEOUT_MS);
    await exited;
    clearTimeout(killTimer);
  }

  /**
   * Waits until the server is ready.
   * @throws Error with the process's last output if it exits before, or after the timeout
   */
  async ready(name: string, isReady: () => Promise<boolean>, timeoutMs = 180_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await isReady().catch(() => false))) {
      if (!this.isRunning || Date.now() > deadline) throw new Error(`${name} did not start:\n${this.#log}`);
      await sleep(50);
    }
  }
}
