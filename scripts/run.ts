/** Running programs for the scripts: each is said aloud, its output goes where ours goes. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const BIN = path.join(ROOT, 'node_modules', '.bin');

/**
 * Runs a program of the project's packages, or of the system, in the project's folder.
 * @returns its exit code; 1 where a signal ended it
 */
export async function run(
  command: string,
  args: readonly string[] = [],
  extra: NodeJS.ProcessEnv = {},
): Promise<number> {
  console.log(`\n> ${[command, ...args].join(' ')}`);
  const env = { ...process.env, ...extra, PATH: `${BIN}${path.delimiter}${process.env.PATH}` };
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve(code ?? 1)));
}

/** Like `run`. @throws Error naming the program that failed */
export async function must(
  command: string,
  args: readonly string[] = [],
  extra: NodeJS.ProcessEnv = {},
): Promise<void> {
  const code = await run(command, args, extra);
  if (code !== 0) throw new Error(`${command} failed with ${code}`);
}
