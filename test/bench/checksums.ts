/**
 * `npm run bench:checksums`: compares our checksum code with other libraries, in a worker of each browser engine, in
 * interleaved rounds. The other libraries are not dependencies of this project; install them first:
 *
 *   npm install --no-save hash-wasm@4 @aws-crypto/crc32@5 @aws-crypto/crc32c@5 @aws-sdk/crc64-nvme@3
 *   npm run bench:checksums -- [--rounds N] [--engine chromium]…
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { launch } from '../e2e/browser.js';
import type { Engine } from '../e2e/browser.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const OTHER_LIBRARIES = ['hash-wasm', '@aws-crypto/crc32', '@aws-crypto/crc32c', '@aws-sdk/crc64-nvme'];
const CANDIDATE = '\0candidate';
const MB = 1e6;

const importKernel = (file: string, name: string): string =>
  `import { ${name} } from ${JSON.stringify(path.join(ROOT, 'src/engine/hashing', file))};`;
const crcModule = (high: string, low: string, mayUseWasm: boolean): string =>
  `${importKernel('crc-kernel.ts', 'createCrcKernel')}
const kernel = createCrcKernel(${mayUseWasm});
export const sum = async (bytes) => { const hash = kernel.create({ width: ${high === '0' ? 32 : 64}, high: ${high}, low: ${low} }); hash.update(bytes); return hash.digest(); };`;
const blockHashModule = (name: string): string =>
  `${importKernel('block-hash-kernel.ts', 'createBlockHashKernel')}
const kernel = createBlockHashKernel();
export const sum = async (bytes) => { const hash = kernel.${name}(); hash.update(bytes); return hash.digest(); };`;
const hashWasmModule = (factory: string, argument = ''): string =>
  `import { ${factory} } from 'hash-wasm';
const made = ${factory}(${argument});
export const sum = async (bytes) => { const hash = await made; hash.init(); hash.update(bytes); return hash.digest('binary'); };`;
const awsModule = (module: string, name: string): string =>
  `import { ${name} } from '${module}';
export const sum = async (bytes) => { const hash = new ${name}(); hash.update(bytes); return hash.digest(); };`;

/** By algorithm and title: the source of a module that exports `sum(bytes)`, which computes a checksum. */
const CANDIDATES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CRC64NVME: {
    'ours, WebAssembly': crcModule('0x9a6c9329', '0xac4bc9b5', true),
    'ours, script': crcModule('0x9a6c9329', '0xac4bc9b5', false),
    'hash-wasm': hashWasmModule('createCRC64', "'9a6c9329ac4bc9b5'"),
    '@aws-sdk/crc64-nvme': awsModule('@aws-sdk/crc64-nvme', 'Crc64Nvme'),
  },
  CRC32C: {
    'ours, WebAssembly': crcModule('0', '0x82f63b78', true),
    'ours, script': crcModule('0', '0x82f63b78', false),
    'hash-wasm': hashWasmModule('createCRC32', '0x82f63b78'),
    '@aws-crypto/crc32c': awsModule('@aws-crypto/crc32c', 'AwsCrc32c'),
  },
  CRC32: {
    'ours, WebAssembly': crcModule('0', '0xedb88320', true),
    'ours, script': crcModule('0', '0xedb88320', false),
    'hash-wasm': hashWasmModule('createCRC32'),
    '@aws-crypto/crc32': awsModule('@aws-crypto/crc32', 'AwsCrc32'),
  },
  'SHA-256': {
    WebCrypto: `export const sum = (bytes) => crypto.subtle.digest('SHA-256', bytes);`,
    'ours, script': blockHashModule('sha256'),
    'hash-wasm': hashWasmModule('createSHA256'),
  },
  MD5: { 'ours, script': blockHashModule('md5'), 'hash-wasm': hashWasmModule('createMD5') },
};

/** Runs in the worker after a candidate's code. It reports the best round, because other work on the machine only adds time. */
const WORKER_SOURCE = `
const bytes = new Uint8Array(4 * 1024 ** 2);
for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
let best = 0;
self.onmessage = async ({ data: rounds }) => {
  try {
    for (let round = 0; round < rounds; round++) {
      const begun = performance.now();
      for (let count = 0; count < 4; count++) await sum(bytes);
      best = Math.max(best, (4 * bytes.length) / ${MB} / ((performance.now() - begun) / 1000));
    }
    self.postMessage({ best });
  } catch (error) { self.postMessage({ error: String(error) }); }
};`;

async function bundle(source: string): Promise<string> {
  const result = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [
      {
        name: 'candidate',
        resolveId: (id) => (id === CANDIDATE ? path.join(ROOT, 'candidate.js') : undefined),
        load: (id) => (id === path.join(ROOT, 'candidate.js') ? source : undefined),
      },
    ],
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: { input: CANDIDATE, preserveEntrySignatures: 'strict', output: { codeSplitting: false } },
    },
  });
  const { output } = result as Rolldown.RolldownOutput;
  return output.map((file) => (file.type === 'chunk' ? file.code : '')).join('');
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    engine: { type: 'string', multiple: true, default: ['chromium', 'firefox', 'webkit'] },
  },
});
const missing = OTHER_LIBRARIES.filter((name) => !existsSync(path.join(ROOT, 'node_modules', name)));
if (missing.length > 0) {
  console.error(`Not installed: ${missing.join(', ')}. Run: npm install --no-save ${OTHER_LIBRARIES.join(' ')}`);
  process.exit(2);
}

const rows = [];
for (const [algorithm, candidates] of Object.entries(CANDIDATES)) {
  for (const [name, source] of Object.entries(candidates)) {
    const code = await bundle(source);
    const runnable = code
      .replace(/export\s*\{\s*([\w$]+)\s+as\s+sum\s*\};?/, 'const sum = $1;')
      .replace(/export\s*\{\s*sum\s*\};?/, '');
    rows.push({
      algorithm,
      name,
      bytes: brotliCompressSync(code).length,
      worker: runnable + WORKER_SOURCE,
      speeds: {} as Record<string, number | string>,
    });
  }
}

const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
for (const engine of values.engine as Engine[]) {
  const browser = await launch(engine);
  try {
    await browser.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const runRound = (worker: string, index: number): Promise<{ best?: number; error?: string }> =>
      browser.evaluate(
        (source: string, at: number) => {
          const workers = ((window as unknown as { workers?: Worker[] }).workers ??= []);
          const worker = (workers[at] ??= new Worker(
            URL.createObjectURL(new Blob([source], { type: 'text/javascript' })),
            { type: 'module' },
          ));
          return new Promise<{ best?: number; error?: string }>((resolve) => {
            worker.onmessage = ({ data }) => resolve(data as { best?: number });
            worker.onerror = ({ message }) => resolve({ error: message });
            worker.postMessage(1);
          });
        },
        worker,
        index,
      );
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [index, row] of rows.entries()) {
        const { best, error } = await runRound(row.worker, index);
        row.speeds[engine] = error ?? Math.round(best!);
      }
    }
  } finally {
    await browser.close();
  }
}
server.close();
console.table(
  rows.map(({ algorithm, name, bytes, speeds }) => ({ algorithm, code: name, 'brotli, bytes': bytes, ...speeds })),
);
console.log('MB/s in a worker, best of the rounds');
