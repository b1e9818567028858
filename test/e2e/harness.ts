/** The servers of an end-to-end test: a store behind a fault proxy, a signer, and a page with the built package. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startBucket } from '../../demo/bucket/index.js';
import type { Action } from '../../src/protocol.js';
import { createSigner } from '../../src/signer/index.js';
import type { SignerOptions } from '../../src/signer/index.js';
import { toNodeHandler } from '../../src/signer/node.js';
import { startCeph } from '../servers/ceph.js';
import { startCeph20 } from '../servers/ceph-20.js';
import { startFaultProxy } from '../../demo/faults/index.js';
import type { FaultProxy } from '../../demo/faults/index.js';
import { S3Client } from '../servers/s3-client.js';
import type { StoreAccess } from '../servers/s3-client.js';
import { ensureBuilt, readScript } from './built.js';

export type StoreName = 'bucket' | 'ceph' | 'ceph-20';

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;
export const BUCKET = 'flows';
/** Whether `npm run test:all` runs the tests: on every store, in every engine, with large files. */
export const isFull = process.env.MULE_TEST_ALL === '1';

const CREDENTIALS = { accessKeyId: 'flow-access', secretAccessKey: 'flow-secret-0123456789' };

export interface Store extends StoreAccess {
  stop(): Promise<void>;
}

/** Starts a store with an empty bucket that every origin may use. */
export async function startStore(name: StoreName, folder: string): Promise<Store> {
  if (name === 'bucket') {
    const bucket = await startBucket({ dir: path.join(folder, 'bucket'), buckets: [BUCKET], credentials: CREDENTIALS });
    return { url: bucket.url, region: 'us-east-1', ...CREDENTIALS, stop: () => bucket.close() };
  }
  const ceph = await (name === 'ceph' ? startCeph() : startCeph20());
  const client = new S3Client(ceph);
  await client.createBucket(BUCKET);
  await client.allowEveryOrigin(BUCKET);
  return ceph;
}

/** A page with one element that records its events in `window.pageRecord`. */
const page = (attributes: string): string => `<!doctype html>
<html lang="en"><title>flow</title><link rel="icon" href="data:,">
<mule-upload signer="/sign" no-leave-warning multiple ${attributes}></mule-upload>
<script>
  // simulates a browser that denies storage
  if (location.search.includes('no-storage')) Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('denied', 'SecurityError'); } });
  window.pageRecord = { events: [], errors: [], warnings: [], longestTask: 0, progressDecreases: 0, progressOverruns: 0 };
  const { warn } = console;
  console.warn = (...words) => { pageRecord.warnings.push(words.map(String).join(' ')); warn(...words); };
  const loaded = new Map();
  const element = document.querySelector('mule-upload');
  for (const type of ['add', 'start', 'pause', 'resume', 'abort', 'recover', 'reject', 'complete', 'finish', 'retry'])
    element.addEventListener('mule-' + type, (event) => pageRecord.events.push({ type, ...(event.detail.reason && { reason: event.detail.reason }), ...(event.detail.code && { code: event.detail.code }) }));
  element.addEventListener('mule-error', ({ detail }) => pageRecord.errors.push(detail.error.code + ': ' + detail.error.message));
  element.addEventListener('mule-progress', ({ detail }) => {
    const last = loaded.get(detail.upload.id) ?? 0;
    if (detail.loaded < last) pageRecord.progressDecreases++;
    if (detail.loaded > detail.total) pageRecord.progressOverruns++;
    loaded.set(detail.upload.id, detail.loaded);
  });
  try { new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) pageRecord.longestTask = Math.max(pageRecord.longestTask, duration); }).observe({ type: 'longtask' }); } catch {}
</script>
<script type="module" src="/mule-upload.js"></script></html>`;

export interface SignedPage {
  /** URL of the page. Its query parameters set attributes of the element; `content-security-policy` sets the header. */
  readonly url: string;
  /** Every call to the signer. */
  readonly signerCalls: { action: Action; body: Record<string, unknown> }[];
  stop(): void;
}

/** Starts the page and its signer. @param endpoint URL of the store in signed requests, such as a proxy's */
export async function startPage(
  store: StoreAccess,
  endpoint = store.url,
  signer: Partial<SignerOptions> = {},
): Promise<SignedPage> {
  ensureBuilt();
  const signerCalls: SignedPage['signerCalls'] = [];
  const sign = createSigner({
    bucket: BUCKET,
    endpoint,
    region: store.region,
    allowAnonymous: true,
    credentials: { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey },
    ...signer,
  });
  const handle = toNodeHandler(async (request) => {
    const action = new URL(request.url).pathname.split('/').pop() as Action;
    signerCalls.push({ action, body: (await request.clone().json()) as Record<string, unknown> });
    return sign(request);
  });
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://page');
    if (pathname.startsWith('/sign/')) return handle(request, response);
    if (pathname.endsWith('.js')) {
      void readScript(pathname).then((script) => response.setHeader('content-type', 'text/javascript').end(script));
      return;
    }
    const policy = searchParams.get('content-security-policy');
    if (policy) response.setHeader('content-security-policy', policy);
    const attributes = [...searchParams].map(([name, value]) => `${name}="${value}"`).join(' ');
    response.setHeader('content-type', 'text/html').end(page(attributes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    signerCalls,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export interface Harness extends Omit<SignedPage, 'stop'> {
  readonly proxy: FaultProxy;
  /** Calls the store directly, without the proxy. */
  readonly s3: S3Client;
  stop(): Promise<void>;
}

/** Starts a fault proxy in front of the store, a signer that signs URLs of the proxy, and the page. */
export async function startHarness(store: StoreAccess, signer: Partial<SignerOptions> = {}): Promise<Harness> {
  const proxy = await startFaultProxy(store.url);
  const page = await startPage(store, proxy.url, signer);
  return {
    ...page,
    proxy,
    s3: new S3Client(store),
    async stop() {
      page.stop();
      await proxy.close();
    },
  };
}

/** Creates a folder for one test file's data, and a function that removes it. */
export async function makeFolder(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-flow-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 20 }) };
}

/** Writes a file of random bytes. @returns its SHA-256 in hexadecimal */
export async function writeRandom(file: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file, 'w');
  for (let left = size; left > 0;) {
    const chunk = randomBytes(Math.min(left, 4 * MIB));
    hash.update(chunk);
    await handle.write(chunk);
    left -= chunk.length;
  }
  await handle.close();
  return hash.digest('hex');
}
