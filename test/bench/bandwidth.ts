/**
 * `npm run bench:bandwidth`: measures how well the element keeps its `bandwidth-limit`. It sends one file, first with one
 * limit, then, while the upload runs, with another. The bytes that the store has received are read four times a second.
 *
 *   npm run bench:bandwidth -- [--limit bytes per second] [--then bytes per second] [--seconds of each]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { launch } from '../e2e/browser.js';
import { chooseFiles } from '../e2e/page.js';
import { writeSparse } from './run-client.js';
import { SCENARIOS } from './scenarios.js';
import { startPageServer } from './page-server.js';
import { startBenchStore } from './stores.js';

const SAMPLE_INTERVAL_MS = 250;
const WINDOW_MS = 10_000;

const { values } = parseArgs({
  options: {
    limit: { type: 'string', default: '20000000' },
    then: { type: 'string', default: '40000000' },
    seconds: { type: 'string', default: '30' },
  },
});
const limits = [Number(values.limit), Number(values.then)];
const durationMs = Number(values.seconds) * 1_000;

interface Sample {
  at: number;
  bytes: number;
}

const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-bench-'));
const file = path.join(folder, 'file.bin');
const size = limits.reduce((sum, limit) => sum + (limit * durationMs) / 1_000, 0) * 2;
await writeSparse(file, size);
const store = await startBenchStore('sink');
const pageServer = await startPageServer(store);
const browser = await launch('chromium');

/** Returns the measured rate as a share of the limit, for each window of ten seconds; at each sample a window begins. */
function sharesOfLimit(samples: readonly Sample[], limit: number): number[] {
  return samples.flatMap((sample, index) => {
    const end = samples.slice(index).find(({ at }) => at - sample.at >= WINDOW_MS);
    return end ? [(((end.bytes - sample.bytes) / (end.at - sample.at)) * 1_000) / limit] : [];
  });
}

try {
  pageServer.elementAttributes = `scope="bandwidth" bandwidth-limit="${limits[0]}"`;
  await browser.goto(`${pageServer.url}/element`);
  await browser.waitFor("'outcome' in window");
  await store.prepare({ ...SCENARIOS[0]!, size, conditions: {} }, 0);
  await chooseFiles(browser, [file]);
  while (!(await store.counts())!.bytes) await sleep(SAMPLE_INTERVAL_MS);
  for (const limit of limits) {
    await browser.evaluate(`document.querySelector('mule-upload').bandwidthLimit = ${limit}`);
    const samples: Sample[] = [];
    const startedAt = performance.now();
    while (performance.now() - startedAt < durationMs) {
      const { bytes } = (await store.counts())!;
      samples.push({ at: performance.now(), bytes });
      await sleep(SAMPLE_INTERVAL_MS);
    }
    const shares = sharesOfLimit(samples, limit);
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
    console.log(
      `${limit / 1e6} MB/s: in ${shares.length} windows of 10 s ${percent(Math.min(...shares))} to ${percent(Math.max(...shares))} of it`,
    );
  }
} finally {
  await browser.close();
  pageServer.close();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
}
