import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startFaultProxy } from '../../demo/faults/index.js';
import type { FaultProxy } from '../../demo/faults/index.js';
import { S3Client } from '../servers/s3-client.js';
import { launch } from './browser.js';
import type { Engine, Page } from './browser.js';
import { chooseFiles, isOver, uploadsOf } from './page.js';
import { recordedBy, recorderPage } from './recorder.js';
import { startSite } from './site.js';
import type { Site } from './site.js';
import { BUCKET, makeFolder, MIB, startStore, writeRandom } from './harness.js';
import type { Store } from './harness.js';

const SIZE = 15 * MIB;
/** Bytes per second over all connections: a part of 5 MiB takes several times the stall timeout. */
const RATE = 0.8 * MIB;

/** Forwards every request, as Angular's service worker does. */
const FORWARDING_WORKER = `addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));`;
const REGISTER = `<script>navigator.serviceWorker.register('/service-worker.js');</script>`;
const ATTRIBUTES = 'signer="/sign" part-size="5MiB" stall-timeout="4"';

describe('a page whose service worker forwards every request', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let store: Store;
  let proxy: FaultProxy;
  let site: Site;
  let file: string;
  let sha256: string;

  before(async () => {
    ({ folder, remove } = await makeFolder());
    store = await startStore('bucket', folder);
    proxy = await startFaultProxy(store.url);
    const pages = { '/': recorderPage(ATTRIBUTES, REGISTER), '/service-worker.js': FORWARDING_WORKER };
    site = await startSite({ ...store, url: proxy.url }, pages);
    file = path.join(folder, 'worker.bin');
    sha256 = await writeRandom(file, SIZE);
  });

  after(async () => {
    site.stop();
    await proxy.close();
    await store.stop();
    await remove();
  });

  /** Opens the page, controlled by the worker. */
  async function open(page: Page): Promise<void> {
    await page.goto(site.url);
    await page.waitFor("!!navigator.serviceWorker.controller && !!customElements.get('mule-upload')");
    proxy.reset();
  }

  async function assertStored(page: Page, count: number): Promise<void> {
    const uploads = await uploadsOf(page);
    assert.deepEqual(
      uploads.map(({ status }) => status),
      Array.from({ length: count }, () => 'complete'),
    );
    const s3 = new S3Client(store);
    for (const { key } of uploads) assert.deepEqual(await s3.digest(BUCKET, key!), { sha256, size: SIZE });
  }

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    it(`${engine} sends each byte once over a slow connection, although no progress events arrive`, async () => {
      const browser = await launch(engine);
      try {
        await open(browser);
        proxy.setRate(RATE);
        await chooseFiles(browser, [file]);
        await browser.waitFor(isOver, { timeout: 240_000 });
        await assertStored(browser, 1);
        const { retries, errors } = await recordedBy(browser);
        assert.deepEqual({ retries, errors }, { retries: [], errors: [] });
        assert.ok(proxy.bytes('part') <= SIZE * 1.05, `${proxy.bytes('part')} bytes were sent of ${SIZE}`);
      } finally {
        proxy.setRate(Infinity);
        await browser.close();
      }
    });

    it(`${engine} still detects a silent connection`, async () => {
      const browser = await launch(engine);
      try {
        await open(browser);
        // the store never receives this part's bytes, and does not answer
        proxy.setRules([{ on: 'part', nth: 3, fault: { do: 'silence', when: 'before' } }]);
        await chooseFiles(browser, [file]);
        await browser.waitFor(isOver, { timeout: 120_000 });
        await assertStored(browser, 1);
        const { retries, errors } = await recordedBy(browser);
        assert.equal(retries.length, 1, retries.join(' | '));
        assert.match(retries[0]!, /^part: nothing moved for \d+ s/);
        assert.deepEqual(errors, []);
      } finally {
        proxy.setRules([]);
        await browser.close();
      }
    });
  }
});
