/**
 * `npm run bench:checksum-cost`: measures how much time, processor time and memory checksums add to an upload. The same
 * file is sent with and without them, in interleaved rounds.
 *
 *   npm run bench:checksum-cost -- [--rounds N] [--size MiB] [--engine chromium] [--concurrency N] [--part-size 8MiB]
 *                                  [--rate MiB/s] [--modes none,crc64nvme,crc32c,sha256,etag]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startFaultProxy } from '../../demo/faults/index.js';
import { figuresOf, treeOf } from '../browsers/process-tree.js';
import { launch } from '../e2e/browser.js';
import type { Engine } from '../e2e/browser.js';
import { chooseFiles, isOver, recordOf, uploadsOf } from '../e2e/page.js';
import { BUCKET, GIB, MIB, startPage, writeRandom } from '../e2e/harness.js';
import { startEmbeddedBucket } from '../servers/embedded-bucket.js';
import { S3Client } from '../servers/s3-client.js';

const CHECKSUM_MODES = ['none', 'crc64nvme', 'crc32c', 'sha256', 'etag'] as const;
type ChecksumMode = (typeof CHECKSUM_MODES)[number];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    size: { type: 'string', default: '1024' },
    engine: { type: 'string', default: 'chromium' },
    concurrency: { type: 'string', default: '4' },
    'part-size': { type: 'string', default: '8MiB' },
    rate: { type: 'string' },
    modes: { type: 'string', default: CHECKSUM_MODES.join(',') },
  },
});
const size = Number(values.size) * MIB;
const elementSettings = `concurrency=${values.concurrency}&part-size=${values['part-size']}`;
const modes = values.modes.split(',') as ChecksumMode[];

interface Figures {
  /** Seconds from the choice of the file until it is stored. */
  time: number;
  /** Seconds of processor time. */
  browserCpu: number;
  storeCpu: number;
  /** Peak memory of the page minus its memory before the upload, in bytes. */
  memory: number;
  /** Milliseconds. */
  longestTask: number;
}

const cpuOf = (pid: number): number => treeOf(pid).reduce((sum, one) => sum + (figuresOf(one)?.cpuSeconds ?? 0), 0);
const median = (figures: number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1]!;

const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-bench-'));
// the store has its own process, so that its work does not slow the signer
const store = await startEmbeddedBucket({ buckets: [BUCKET] });
const s3 = new S3Client(store);
// most networks are slower than the connection to this machine's own store
const slowNetwork = values.rate ? await startFaultProxy(store.url, { rate: Number(values.rate) * MIB }) : null;
const endpoint = slowNetwork?.url ?? store.url;
const checksumPage = await startPage(store, endpoint, { checksums: ['crc64nvme', 'crc32c', 'sha256'] });
const etagPage = await startPage(store, endpoint, { checksums: [] });
const file = path.join(folder, 'file.bin');
await writeRandom(file, size);
const browser = await launch(values.engine as Engine);

async function upload(mode: ChecksumMode): Promise<Figures> {
  const page = mode === 'etag' ? etagPage : checksumPage;
  await browser.goto(`${page.url}?${elementSettings}&checksum=${mode === 'etag' ? 'auto' : mode}`);
  await browser.evaluate(`(() => {
    const element = document.querySelector('mule-upload');
    element.addEventListener('mule-add', () => { pageRecord.begun = performance.now(); pageRecord.longestTask = 0; });
    element.addEventListener('mule-complete', () => { pageRecord.time = performance.now() - pageRecord.begun; });
  })()`);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const idle = (await browser.metrics()).pageMemory;
  const before = { browser: cpuOf(browser.pid), store: cpuOf(store.pid) };
  let peak = idle;
  await chooseFiles(browser, [file]);
  while (!(await browser.evaluate(isOver))) {
    peak = Math.max(peak, (await browser.metrics()).pageMemory);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const after = { browser: cpuOf(browser.pid), store: cpuOf(store.pid) };
  const [one] = await uploadsOf(browser);
  const expectedIntegrity = mode === 'none' ? 'unverified' : mode === 'etag' ? 'etag' : 'checksum';
  if (one?.status !== 'complete' || one.integrity !== expectedIntegrity) throw new Error(JSON.stringify(one));
  await s3.delete(BUCKET, one.key!);
  return {
    time: (await browser.evaluate<[], number>('pageRecord.time')) / 1_000,
    browserCpu: after.browser - before.browser,
    storeCpu: after.store - before.store,
    memory: peak - idle,
    longestTask: (await recordOf(browser)).longestTask,
  };
}

const figuresByMode = new Map<ChecksumMode, Figures[]>(modes.map((mode) => [mode, []]));
try {
  await upload('none'); // warms caches
  for (let round = 1; round <= Number(values.rounds); round++) {
    // the order changes with each round
    const order = modes.map((_, index) => modes[(index + round) % modes.length]!);
    for (const mode of order) {
      checksumPage.signerCalls.length = 0;
      const figures = await upload(mode);
      figuresByMode.get(mode)!.push(figures);
      const { time, browserCpu, storeCpu, memory, longestTask } = figures;
      console.log(
        `round ${round}, ${mode}: ${time.toFixed(2)} s, browser ${browserCpu.toFixed(2)} s of CPU, store ${storeCpu.toFixed(2)} s, ${checksumPage.signerCalls.length} signer calls, page memory +${(memory / MIB).toFixed(1)} MiB, longest task ${Math.round(longestTask)} ms`,
      );
    }
  }
  const figuresOfNone = figuresByMode.get('none') ?? [];
  const perGib = GIB / size;
  console.table(
    [...figuresByMode].map(([mode, figures]) => {
      const medianOf = (pick: (figures: Figures) => number): number => median(figures.map(pick));
      const ratios = figures.map(({ time }, round) => time / (figuresOfNone[round]?.time ?? NaN));
      return {
        mode,
        'time, s': medianOf(({ time }) => time).toFixed(2),
        'ratio to none': `${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`,
        'browser, CPU s/GiB': (medianOf(({ browserCpu }) => browserCpu) * perGib).toFixed(2),
        'store, CPU s/GiB': (medianOf(({ storeCpu }) => storeCpu) * perGib).toFixed(2),
        'memory, MiB': (Math.max(...figures.map(({ memory }) => memory)) / MIB).toFixed(1),
        'longest task, ms': Math.round(Math.max(...figures.map(({ longestTask }) => longestTask))),
      };
    }),
  );
  console.log(
    `medians of ${values.rounds} rounds, ${size / MIB} MiB from ${values.engine}, ${values.concurrency} at a time, parts of ${values['part-size']}${values.rate ? `, ${values.rate} MiB/s` : ''}`,
  );
} finally {
  await browser.close();
  checksumPage.stop();
  etagPage.stop();
  await slowNetwork?.close();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
}
