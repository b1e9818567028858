/** A private X display, and key presses on it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Program } from './process-tree.js';

const KEYS = fileURLToPath(new URL('./keys.py', import.meta.url));

/** Starts a virtual display. @throws Error if Xvfb is not installed */
export async function startDisplay(): Promise<{ program: Program; display: string }> {
  const args = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'];
  const program = await Program.start('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const number = await new Promise<string>((resolve, reject) => {
    program.child.stdio[3]!.once('data', (data: Buffer) => resolve(String(data).trim()));
    program.child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
  });
  return { program, display: `:${number}` };
}

/** Presses keys by their X names, one after the other, in the focused window. */
export const pressKeys = async (display: string, ...keys: readonly string[]): Promise<void> =>
  void (await promisify(execFile)('python3', [KEYS, display, ...keys]));
