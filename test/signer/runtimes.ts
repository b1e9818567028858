/**
 * Other runtimes for the signer: Cloudflare's workerd, Deno, Bun and Next.js. They are npm packages, too large to
 * install with this one; the first run downloads them into `.cache`.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';
import type { Rolldown } from 'vite';
import { ROOT } from '../../scripts/run.js';
import { run } from '../servers/processes.js';

const CACHE = path.join(ROOT, '.cache/runtimes');
const MODULES = path.join(CACHE, 'node_modules');

/** Module with a signer for the bucket `films`, configured as in the README. */
const SIGNER_MODULE = `
import { createSigner } from './signer.js';
export const sign = createSigner({
  bucket: 'films',
  credentials: CREDENTIALS,
  secret: 'a secret of sixteen',
  authorize: (request) => request.headers.get('x-user'),
  origins: ['https://page.example'],
});
`;

export interface Runtime {
  packages: readonly string[];
  /** Files to write, by name. */
  files: (port: number) => Record<string, string>;
  /** The program, as a path below `node_modules`, and its arguments. */
  command: (port: number) => [program: string, ...parameters: string[]];
  /** Whether the program is a script for Node. */
  isScript?: boolean;
}

export const RUNTIMES: Readonly<Record<string, Runtime>> = {
  'Cloudflare Workers (workerd)': {
    packages: ['workerd@1.20261117.1'],
    files: (port) => ({
      'worker.js': `import { sign } from './own.js';\nexport default { fetch: (request) => sign(request) };\n`,
      'config.capnp': `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .signer)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const signer :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "own.js", esModule = embed "own.js"),
    (name = "signer.js", esModule = embed "signer.js")
  ],
  compatibilityDate = "2026-01-01"
);
`,
    }),
    command: () => [
      `@cloudflare/workerd-linux-${process.arch === 'arm64' ? 'arm64' : '64'}/bin/workerd`,
      'serve',
      'config.capnp',
    ],
  },
  Deno: {
    packages: ['deno@2.9.6'],
    files: (port) => ({
      'deno.js': `import { sign } from './own.js';\nDeno.serve({ port: ${port}, hostname: '127.0.0.1' }, sign);\n`,
    }),
    command: (port) => [
      `@deno/linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}-glibc/deno`,
      'run',
      '--no-config',
      `--allow-net=127.0.0.1:${port}`,
      'deno.js',
    ],
  },
  Bun: {
    packages: ['bun@1.4.5'],
    files: (port) => ({
      'bun.js': `import { sign } from './own.js';\nBun.serve({ port: ${port}, hostname: '127.0.0.1', fetch: sign });\n`,
    }),
    command: () => [`@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}/bin/bun`, 'run', 'bun.js'],
  },
  'Next.js route handlers': {
    packages: ['next@16.4.6', 'react@19', 'react-dom@19'],
    files: () => ({
      'app/sign/[action]/route.js': `import { sign } from '../../../own.js';\nexport const POST = sign;\nexport const OPTIONS = sign;\n`,
      'app/layout.js': `export default ({ children }) => <html><body>{children}</body></html>;\n`,
      'next.config.mjs': `export default { turbopack: { root: '${CACHE}' }, experimental: { cpus: 1 } };\n`,
      'package.json': '{"private": true, "type": "module"}\n',
    }),
    command: (port) => ['next/dist/bin/next', 'dev', '--port', String(port), '--hostname', '127.0.0.1'],
    isScript: true,
  },
};

/** Bundles the signer into one module or script, as a user's bundler does. */
export async function bundleSigner(format: 'es' | 'iife'): Promise<string> {
  const outcome = (await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      lib: { entry: path.join(ROOT, 'src/signer/index.ts'), formats: [format], name: 'Signer', fileName: 'signer' },
    },
  })) as Rolldown.RolldownOutput[];
  return outcome[0]!.output[0].code;
}

/** Downloads a runtime if it is missing, and writes its files with the signer. @returns the command to start, and its folder */
export async function prepareRuntime(
  name: string,
  port: number,
  credentials: object,
): Promise<{ program: string; parameters: string[]; cwd: string }> {
  const { packages, files, command, isScript } = RUNTIMES[name]!;
  const [program, ...parameters] = command(port);
  const executable = path.join(MODULES, program);
  if (!existsSync(executable)) {
    await mkdir(CACHE, { recursive: true });
    const npmParameters = ['install', '--prefix', CACHE, '--no-audit', '--no-fund', '--ignore-scripts', ...packages];
    await run('npm', npmParameters, { timeout: 600_000 });
  }
  const cwd = path.join(CACHE, `run-${name.toLowerCase().replace(/\W+/g, '-')}`);
  const texts = {
    ...files(port),
    'signer.js': await bundleSigner('es'),
    'own.js': SIGNER_MODULE.replace('CREDENTIALS', JSON.stringify(credentials)),
  };
  for (const [file, text] of Object.entries(texts)) {
    await mkdir(path.dirname(path.join(cwd, file)), { recursive: true });
    await writeFile(path.join(cwd, file), text);
  }
  return isScript
    ? { program: process.execPath, parameters: [executable, ...parameters], cwd }
    : { program: executable, parameters, cwd };
}
