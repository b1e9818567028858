/**
 * `npm run bench:checksum-cost`: measures what checksums cost an upload. The same file is sent with and without them, in
 * interleaved rounds of one run: total time, processor time of browser and store, page memory, longest task.
 *
 * npm run bench:checksum-cost -- [--rounds N] [--size MiB] [--engine chromium] [--concurrency N] [--part-size 8MiB]
 * [--rate MiB/s]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startFaultProxy } from '../../demo/faults/index.js';
import { figuresOf, treeOf } from '../browsers/process-tree.js';
import { launch } from '../e2e/browser.js';
import type { Engine } from '../e2e/browser.js';
import { chooseFiles, isOver, seen, uploadsOf } from '../e2e/page.js';
import { BUCKET, GIB, MIB, startPage, writeRandom } from '../e2e/harness.js';
import { startEmbeddedBucket } from '../servers/embedded-bucket.js';
import { S3Client } from '../servers/s3-client.js';

const WAYS = ['none', 'crc64nvme', 'crc32c', 'sha256', 'etag'] as const;
type Way = (typeof WAYS)[number];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    size: { type: 'string', default: '1024' },
    engine: { type: 'string', default: 'chromium' },
    concurrency: { type: 'string', default: '4' },
    'part-size': { type: 'string', default: '8MiB' },
    rate: { type: 'string' },
    ways: { type: 'string', default: WAYS.join(',') },
  },
});
const size = Number(values.size) * MIB;
const settings = `concurrency=${values.concurrency}&part-size=${values['part-size']}`;
const ways = values.ways.split(',') as Way[];

interface Figures {
  /** Seconds of the clock, and of the processor. */
  time: number;
  browserCpu: number;
  storeCpu: number;
  /** Bytes above idle. */
  memory: number;
  /** Milliseconds. */
  longestTask: number;
}

const cpuOf = (pid: number): number => treeOf(pid).reduce((sum, one) => sum + (figuresOf(one)?.cpu ?? 0), 0);
const median = (figures: number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1]!;

const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-bench-'));
// The store in its own process: its work must not slow the signer.
const store = await startEmbeddedBucket({ buckets: [BUCKET] });
const s3 = new S3Client(store);
// a network that is slower than the machine, as most are
const line = values.rate ? await startFaultProxy(store.url, { rate: Number(values.rate) * MIB }) : null;
const endpoint = line?.url ?? store.url;
const checking = await startPage(store, endpoint, { checksums: ['crc64nvme', 'crc32c', 'sha256'] });
const plain = await startPage(store, endpoint, { checksums: [] });
const file = path.join(folder, 'file.bin');
await writeRandom(file, size);
const browser = await launch(values.engine as Engine);

async function upload(way: Way): Promise<Figures> {
  const page = way === 'etag' ? plain : checking;
  await browser.goto(`${page.url}?${settings}&checksum=${way === 'etag' ? 'auto' : way}`);
  await browser.evaluate(`(() => {
    const element = document.querySelector('mule-upload');
    element.addEventListener('mule-add', () => { seen.begun = performance.now(); seen.longestTask = 0; });
    element.addEventListener('mule-complete', () => { seen.time = performance.now() - seen.begun; });
  })()`);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const idle = (await browser.metrics()).pageMemory;
  const before = { browser: cpuOf(browser.pid), store: cpuOf(store.pid) };
  let most = idle;
  await chooseFiles(browser, [file]);
  while (!(await browser.evaluate(isOver))) {
    most = Math.max(most, (await browser.metrics()).pageMemory);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const after = { browser: cpuOf(browser.pid), store: cpuOf(store.pid) };
  const [one] = await uploadsOf(browser);
  const wanted = way === 'none' ? 'unverified' : way === 'etag' ? 'etag' : 'checksum';
  if (one?.status !== 'complete' || one.integrity !== wanted) throw new Error(JSON.stringify(one));
  await s3.delete(BUCKET, one.key!);
  return {
    time: (await browser.evaluate<[], number>('seen.time')) / 1_000,
    browserCpu: after.browser - before.browser,
    storeCpu: after.store - before.store,
    memory: most - idle,
    longestTask: (await seen(browser)).longestTask,
  };
}

const all = new Map<Way, Figures[]>(ways.map((way) => [way, []]));
try {
  await upload('none'); // warms caches
  for (let round = 1; round <= Number(values.rounds); round++) {
    // no variant always comes first
    const order = ways.map((_, index) => ways[(index + round) % ways.length]!);
    for (const way of order) {
      checking.signerCalls.length = 0;
      const figures = await upload(way);
      all.get(way)!.push(figures);
      const { time, browserCpu, storeCpu, memory, longestTask } = figures;
      console.log(
        `round ${round}, ${way}: ${time.toFixed(2)} s, browser ${browserCpu.toFixed(2)} s of CPU, store ${storeCpu.toFixed(2)} s, ${checking.signerCalls.length} signer calls, page memory +${(memory / MIB).toFixed(1)} MiB, longest task ${Math.round(longestTask)} ms`,
      );
    }
  }
  const base = all.get('none') ?? [];
  const perGib = GIB / size;
  console.table(
    [...all].map(([way, figures]) => {
      const of = (pick: (figures: Figures) => number): number => median(figures.map(pick));
      const ratios = figures.map(({ time }, round) => time / (base[round]?.time ?? NaN));
      return {
        way,
        'time, s': of(({ time }) => time).toFixed(2),
        'of none': `${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`,
        'browser, CPU s/GiB': (of(({ browserCpu }) => browserCpu) * perGib).toFixed(2),
        'store, CPU s/GiB': (of(({ storeCpu }) => storeCpu) * perGib).toFixed(2),
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
  checking.stop();
  plain.stop();
  await line?.close();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
}
