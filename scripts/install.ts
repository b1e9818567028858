/** Finds the programs that the tests need, and installs missing ones by apt. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { PACKAGES, TOOLS, findTool, installAdvice, type FoundTool, type Tool } from './machine.js';

const OS_RELEASE = '/etc/os-release';

/** Whether apt can install the tools: Ubuntu's chromium and firefox are snaps, which do not run in containers. */
function canInstallPackages(): boolean {
  return existsSync(OS_RELEASE) && /^ID=debian$/m.test(readFileSync(OS_RELEASE, 'utf8')) && process.getuid?.() === 0;
}

function runApt(...args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  console.log(`> apt-get ${args.join(' ')}`);
  const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`apt-get ${args[0]} failed with ${status}`);
}

/**
 * Finds the tools, and installs missing ones on Debian as root.
 * @throws Error that names the missing tools and their packages
 */
export function findOrInstall(tools: readonly Tool[] = TOOLS): Map<Tool, FoundTool> {
  const missing = tools.filter((tool) => !findTool(tool));
  if (missing.length > 0 && canInstallPackages()) {
    runApt('update', '-qq');
    runApt('install', '-y', '-qq', '--no-install-recommends', ...missing.flatMap((tool) => PACKAGES[tool]));
  }
  const foundTools = new Map<Tool, FoundTool>();
  for (const tool of tools) {
    const found = findTool(tool);
    if (found) foundTools.set(tool, found);
  }
  const stillMissing = tools.filter((tool) => !foundTools.has(tool));
  if (stillMissing.length > 0)
    throw new Error(`Not on this machine: ${stillMissing.join(', ')}. ${installAdvice(stillMissing)}`);
  return foundTools;
}
