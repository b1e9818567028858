/** Builds `dist`: the modules, their types, the one CDN file, and the custom elements manifest. */
import { chmod, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';
import { cdn, modules } from '../vite.config.js';
import { ROOT, must } from './run.js';

const dist = path.join(ROOT, 'dist');
await rm(dist, { recursive: true, force: true });
for (const config of [modules, cdn]) await build({ root: ROOT, configFile: false, ...config });
await chmod(path.join(dist, 'signer', 'cli.js'), 0o755);
await must('tsc', ['-p', 'tsconfig.build.json']);
await must('cem', ['analyze', '--quiet', '--config', 'custom-elements-manifest.config.js']);
