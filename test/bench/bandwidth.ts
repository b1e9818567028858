/**
 * `npm run bench:bandwidth`: measures how well `bandwidth-limit` is kept. One file is sent with one limit, then, changed while
 * it is sent, with another; the received bytes are counted four times a second.
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
import { writeSparse } from './bench-run.js';
import { SCENARIOS } from './scenarios.js';
import { startStage } from './stage.js';
import { startBenchStore } from './stores.js';

/** Milliseconds. */
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
const time = Number(values.seconds) * 1_000;

interface Look {
  at: number;
  bytes: number;
}

const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-bench-'));
const file = path.join(folder, 'file.bin');
const size = limits.reduce((sum, limit) => sum + (limit * time) / 1_000, 0) * 2;
await writeSparse(file, size);
const store = await startBenchStore('sink');
const stage = await startStage(store);
const browser = await launch('chromium');

/** Shares of the limit in each window of ten seconds, one window per sample. */
function sharesOf(looks: readonly Look[], limit: number): number[] {
  return looks.flatMap((look, index) => {
    const end = looks.slice(index).find(({ at }) => at - look.at >= WINDOW_MS);
    return end ? [(((end.bytes - look.bytes) / (end.at - look.at)) * 1_000) / limit] : [];
  });
}

try {
  stage.attributes = `scope="bandwidth" bandwidth-limit="${limits[0]}"`;
  await browser.goto(`${stage.url}/element`);
  await browser.waitFor("'outcome' in window");
  await store.prepare({ ...SCENARIOS[0]!, size, conditions: {} }, 0);
  await chooseFiles(browser, [file]);
  while (!(await store.seen())!.bytes) await sleep(SAMPLE_INTERVAL_MS);
  for (const limit of limits) {
    await browser.evaluate(`document.querySelector('mule-upload').bandwidthLimit = ${limit}`);
    const looks: Look[] = [];
    const begun = performance.now();
    while (performance.now() - begun < time) {
      const { bytes } = (await store.seen())!;
      looks.push({ at: performance.now(), bytes });
      await sleep(SAMPLE_INTERVAL_MS);
    }
    const shares = sharesOf(looks, limit);
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
    console.log(
      `${limit / 1e6} MB/s: in ${shares.length} windows of 10 s ${percent(Math.min(...shares))} to ${percent(Math.max(...shares))} of it`,
    );
  }
} finally {
  await browser.close();
  stage.close();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
}
