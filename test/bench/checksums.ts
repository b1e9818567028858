/**
 * `npm run bench:checksums`: compares the checksum code with other libraries, in a worker of each engine, in interleaved
 * rounds of one run. The others are not dependencies of this project; install them for this:
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
const OTHERS = ['hash-wasm', '@aws-crypto/crc32', '@aws-crypto/crc32c', '@aws-sdk/crc64-nvme'];
const CANDIDATE = '\0candidate';
const MB = 1e6;

const ours = (file: string, name: string): string =>
  `import { ${name} } from ${JSON.stringify(path.join(ROOT, 'src/engine/hashing', file))};`;
const crc = (high: string, low: string, mayUseWasm: boolean): string =>
  `${ours('crc-kernel.ts', 'createCrcKernel')}
const kernel = createCrcKernel(${mayUseWasm});
export const sum = async (bytes) => { const hash = kernel.create({ width: ${high === '0' ? 32 : 64}, high: ${high}, low: ${low} }); hash.update(bytes); return hash.digest(); };`;
const block = (name: string): string =>
  `${ours('block-hash-kernel.ts', 'createBlockHashKernel')}
const kernel = createBlockHashKernel();
export const sum = async (bytes) => { const hash = kernel.${name}(); hash.update(bytes); return hash.digest(); };`;
const hashWasm = (make: string, argument = ''): string =>
  `import { ${make} } from 'hash-wasm';
const made = ${make}(${argument});
export const sum = async (bytes) => { const hash = await made; hash.init(); hash.update(bytes); return hash.digest('binary'); };`;
const aws = (module: string, name: string): string =>
  `import { ${name} } from '${module}';
export const sum = async (bytes) => { const hash = new ${name}(); hash.update(bytes); return hash.digest(); };`;

/** Modules that export `sum(bytes)`, by algorithm. */
const CANDIDATES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CRC64NVME: {
    'ours, WebAssembly': crc('0x9a6c9329', '0xac4bc9b5', true),
    'ours, script': crc('0x9a6c9329', '0xac4bc9b5', false),
    'hash-wasm': hashWasm('createCRC64', "'9a6c9329ac4bc9b5'"),
    '@aws-sdk/crc64-nvme': aws('@aws-sdk/crc64-nvme', 'Crc64Nvme'),
  },
  CRC32C: {
    'ours, WebAssembly': crc('0', '0x82f63b78', true),
    'ours, script': crc('0', '0x82f63b78', false),
    'hash-wasm': hashWasm('createCRC32', '0x82f63b78'),
    '@aws-crypto/crc32c': aws('@aws-crypto/crc32c', 'AwsCrc32c'),
  },
  CRC32: {
    'ours, WebAssembly': crc('0', '0xedb88320', true),
    'ours, script': crc('0', '0xedb88320', false),
    'hash-wasm': hashWasm('createCRC32'),
    '@aws-crypto/crc32': aws('@aws-crypto/crc32', 'AwsCrc32'),
  },
  'SHA-256': {
    WebCrypto: `export const sum = (bytes) => crypto.subtle.digest('SHA-256', bytes);`,
    'ours, script': block('sha256'),
    'hash-wasm': hashWasm('createSHA256'),
  },
  MD5: { 'ours, script': block('md5'), 'hash-wasm': hashWasm('createMD5') },
};

/** Runs in the worker: the best of some rounds, because other work on the machine only adds time. */
const WORKER = `
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
  const outcome = await build({
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
  const { output } = outcome as Rolldown.RolldownOutput;
  return output.map((file) => (file.type === 'chunk' ? file.code : '')).join('');
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    engine: { type: 'string', multiple: true, default: ['chromium', 'firefox', 'webkit'] },
  },
});
const missing = OTHERS.filter((name) => !existsSync(path.join(ROOT, 'node_modules', name)));
if (missing.length > 0) {
  console.error(`Not installed: ${missing.join(', ')}. Run: npm install --no-save ${OTHERS.join(' ')}`);
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
      worker: runnable + WORKER,
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
    const ask = (worker: string, index: number): Promise<{ best?: number; error?: string }> =>
      browser.evaluate(
        (source: string, at: number) => {
          const workers = ((window as unknown as { workers?: Worker[] }).workers ??= []);
          const started = (workers[at] ??= new Worker(
            URL.createObjectURL(new Blob([source], { type: 'text/javascript' })),
            { type: 'module' },
          ));
          return new Promise<{ best?: number; error?: string }>((resolve) => {
            started.onmessage = ({ data }) => resolve(data as { best?: number });
            started.onerror = ({ message }) => resolve({ error: message });
            started.postMessage(1);
          });
        },
        worker,
        index,
      );
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [index, row] of rows.entries()) {
        const { best, error } = await ask(row.worker, index);
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
