/** Installs what the tests need by apt, or prints which packages to install. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { PACKAGES, TOOLS, advice, find, type Found, type Tool } from './machine.js';

const OS_RELEASE = '/etc/os-release';

/** Ubuntu's chromium and firefox packages are snaps, which do not run in containers. */
function hasDebianPackages(): boolean {
  return existsSync(OS_RELEASE) && /^ID=debian$/m.test(readFileSync(OS_RELEASE, 'utf8')) && process.getuid?.() === 0;
}

function apt(...args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  console.log(`> apt-get ${args.join(' ')}`);
  const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`apt-get ${args[0]} failed with ${status}`);
}

/**
 * Finds the tools, and installs missing ones on Debian as root.
 * @throws Error that names the missing tools and their packages
 */
export function provide(tools: readonly Tool[] = TOOLS): Map<Tool, Found> {
  const missing = tools.filter((tool) => !find(tool));
  if (missing.length > 0 && hasDebianPackages()) {
    apt('update', '-qq');
    apt('install', '-y', '-qq', '--no-install-recommends', ...missing.flatMap((tool) => PACKAGES[tool]));
  }
  const found = new Map<Tool, Found>();
  for (const tool of tools) {
    const here = find(tool);
    if (here) found.set(tool, here);
  }
  const left = tools.filter((tool) => !found.has(tool));
  if (left.length > 0) throw new Error(`Not on this machine: ${left.join(', ')}. ${advice(left)}`);
  return found;
}
