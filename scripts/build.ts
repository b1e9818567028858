/**
 * Builds `dist`: the modules, their types, the CDN files, the OpenAPI description of the protocol, the custom elements
 * manifest, and the editor data and framework types that are generated from the manifest.
 */
import { chmod, copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';
import { cdn, modules } from '../vite.config.js';
import { writeEditorHelp } from './editor-help.js';
import { minifyScripts } from './minify-cdn.js';
import { ROOT, runOrThrow } from './run.js';

const dist = path.join(ROOT, 'dist');
await rm(dist, { recursive: true, force: true });
for (const config of [modules, ...cdn]) await build({ root: ROOT, configFile: false, ...config });
await minifyScripts(path.join(dist, 'cdn'));
await chmod(path.join(dist, 'signer', 'tools', 'cli.js'), 0o755);
await copyFile(path.join(ROOT, 'src', 'signer', 'openapi.json'), path.join(dist, 'openapi.json'));
await runOrThrow('tsc', ['-p', 'tsconfig.build.json']);
await runOrThrow('cem', ['analyze', '--quiet', '--config', 'custom-elements-manifest.config.js']);
await writeEditorHelp();
