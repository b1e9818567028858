/**
 * `npm run bench`: the main job beside the bare limit, in interleaved rounds of one run. The bare limit is a loop of
 * XHR PUTs of slices to URLs presigned beforehand, four at once: no signing, no state, no Create, no Complete.
 *
 *   npm run bench -- [--rounds N] [--size MiB] [--store bucket|ceph]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { launch } from '../e2e/browser.js';
import type { Driver } from '../e2e/browser.js';
import { chooseFiles, isOver, seen, uploadsOf } from '../e2e/page.js';
import { BUCKET, MIB, startPage, startStore, writeRandom } from '../e2e/stand.js';
import type { StoreName } from '../e2e/stand.js';
import { startEmbeddedBucket } from '../servers/embedded-bucket.js';
import { S3Client } from '../servers/s3-client.js';

const PART = 8 * MIB;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    size: { type: 'string', default: '1024' },
    store: { type: 'string', default: 'bucket' },
  },
});
const rounds = Number(values.rounds);
const size = Number(values.size) * MIB;

/** Runs in the page: sends the chosen file part by part. @returns milliseconds */
async function sendBare(urls: string[], partSize: number): Promise<number> {
  const file = document.querySelector<HTMLInputElement>('#bare')!.files![0]!;
  const begun = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < urls.length) {
      const part = next++;
      await new Promise<void>((resolve, reject) => {
        const xhr = new XMLHttpRequest();
        xhr.open('PUT', urls[part]!);
        xhr.onload = () => (xhr.status === 200 ? resolve() : reject(new Error(String(xhr.status))));
        xhr.onerror = () => reject(new Error('network'));
        xhr.send(file.slice(part * partSize, (part + 1) * partSize));
      });
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  return performance.now() - begun;
}

const median = (figures: number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1]!;
const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-bench-'));
// The store in a process of its own: its work must not slow the signer's.
const store =
  values.store === 'ceph'
    ? await startStore('ceph' satisfies StoreName, folder)
    : await startEmbeddedBucket({ buckets: [BUCKET] });
const s3 = new S3Client(store);
const page = await startPage(store);
const file = path.join(folder, 'file.bin');
await writeRandom(file, size);

async function bare(browser: Driver): Promise<number> {
  const key = `bare/${Math.random()}`;
  const uploadId = await s3.createUpload(BUCKET, key);
  const numbers = Array.from({ length: Math.ceil(size / PART) }, (_, index) => index + 1);
  const urls = await Promise.all(
    numbers.map((number) => s3.presign('PUT', s3.address(BUCKET, key, { partNumber: String(number), uploadId }))),
  );
  await browser.goto(page.url);
  await browser.setFiles(['#bare'], [file]);
  const time = await browser.evaluate(sendBare, urls, PART);
  await s3.abort(BUCKET, key, uploadId);
  return time;
}

async function element(browser: Driver, query: string): Promise<{ time: number; memory: number; longestTask: number }> {
  await browser.goto(`${page.url}?checksum=none${query}`);
  await browser.evaluate(
    "document.querySelector('mule-upload').addEventListener('mule-add', () => { seen.begun = performance.now(); seen.longestTask = 0; })",
  );
  await browser.evaluate(
    "document.querySelector('mule-upload').addEventListener('mule-complete', () => { seen.time = performance.now() - seen.begun; })",
  );
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const idle = (await browser.metrics()).pageMemory;
  let most = idle;
  await chooseFiles(browser, [file]);
  while (!(await browser.evaluate(isOver))) {
    most = Math.max(most, (await browser.metrics()).pageMemory);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const [upload] = await uploadsOf(browser);
  if (upload?.status !== 'complete') throw new Error(JSON.stringify(upload));
  await s3.delete(BUCKET, upload.key!);
  return {
    time: await browser.evaluate<[], number>('seen.time'),
    memory: most - idle,
    longestTask: (await seen(browser)).longestTask,
  };
}

const ways = { 'own defaults': '', '4 lanes': '&concurrency=4' };
const ratios = new Map<string, number[]>(Object.keys(ways).map((way) => [way, []]));
const browser = await launch('chromium');
try {
  await bare(browser); // warms caches
  for (let round = 1; round <= rounds; round++) {
    const limit = await bare(browser);
    console.log(`round ${round}: bare limit ${(limit / 1_000).toFixed(2)} s`);
    for (const [way, query] of Object.entries(ways)) {
      page.signerCalls.length = 0;
      const { time, memory, longestTask } = await element(browser, query);
      ratios.get(way)!.push(time / limit);
      console.log(
        `  ${way}: ${(time / 1_000).toFixed(2)} s, ratio ${(time / limit).toFixed(3)}, ${page.signerCalls.length} signer calls, page memory +${(memory / MIB).toFixed(1)} MiB, longest task ${Math.round(longestTask)} ms`,
      );
    }
  }
  for (const [way, all] of ratios) {
    console.log(
      `${way}: median ${median(all).toFixed(3)} of the bare limit (${Math.min(...all).toFixed(3)} to ${Math.max(...all).toFixed(3)}), ${size / MIB} MiB to ${values.store}, ${rounds} rounds`,
    );
  }
} finally {
  await browser.close();
  page.stop();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
}
