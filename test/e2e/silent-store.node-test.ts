import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startFaultProxy } from '../../demo/faults/index.js';
import type { FaultProxy, Rule } from '../../demo/faults/index.js';
import { S3Client } from '../servers/s3-client.js';
import { launch } from './browser.js';
import type { Engine, Page } from './browser.js';
import { chooseFiles, isOver, uploadsOf } from './page.js';
import { recordedBy, recorderPage, untilWaiting } from './recorder.js';
import type { Recorded } from './recorder.js';
import { startSite } from './site.js';
import type { Site } from './site.js';
import { BUCKET, makeFolder, MIB, startStore, writeRandom } from './harness.js';
import type { Store } from './harness.js';

const SIZES = { whole: 3 * MIB, parts: 11 * MIB } as const;

describe('a connection that goes silent after the last byte', () => {
  let remove: () => Promise<void>;
  let store: Store;
  let proxy: FaultProxy;
  let site: Site;
  const files = {} as Record<keyof typeof SIZES, { path: string; sha256: string }>;

  before(async () => {
    const { folder, remove: removeFolder } = await makeFolder();
    remove = removeFolder;
    store = await startStore('bucket', folder);
    proxy = await startFaultProxy(store.url);
    const pages = { '/': recorderPage('signer="/sign" part-size="5MiB" stall-timeout="4"') };
    site = await startSite({ ...store, url: proxy.url }, pages);
    for (const name of ['whole', 'parts'] as const) {
      const file = path.join(folder, `${name}.bin`);
      files[name] = { path: file, sha256: await writeRandom(file, SIZES[name]) };
    }
  });

  after(async () => {
    site.stop();
    await proxy.close();
    await store.stop();
    await remove();
  });

  /** Uploads a file under these fault rules. The page's timeout is far below the limit of 120 s. */
  async function upload(
    engine: Engine,
    name: keyof typeof SIZES,
    rules: Rule[],
    meanwhile: (page: Page) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<Recorded> {
    const browser = await launch(engine);
    try {
      await browser.goto(site.url);
      await browser.waitFor("!!customElements.get('mule-upload')");
      proxy.reset();
      proxy.setRules(rules);
      await chooseFiles(browser, [files[name].path]);
      await meanwhile(browser);
      await browser.waitFor(isOver, { timeout: 100_000 });
      const [upload] = await uploadsOf(browser);
      assert.equal(upload?.status, 'complete');
      const { sha256 } = files[name];
      assert.deepEqual(await new S3Client(store).digest(BUCKET, upload.key!), { sha256, size: SIZES[name] });
      const recorded = await recordedBy(browser);
      assert.deepEqual(recorded.errors, []);
      return recorded;
    } finally {
      proxy.setRules([]);
      proxy.setMode('pass');
      await browser.close();
    }
  }

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    it(`${engine} sends a part again on a new connection once the store answers a probe`, async () => {
      const { retries } = await upload(engine, 'parts', [
        { on: 'part', nth: 2, fault: { do: 'silence', when: 'after' } },
      ]);
      assert.equal(retries.length, 1, retries.join(' | '));
    });

    it(`${engine} shows speed 0 and the reason while the store is unreachable`, async () => {
      const silence: Rule[] = [{ on: 'put', times: 1, fault: { do: 'silence', when: 'after' } }];
      const { shown } = await upload(engine, 'whole', silence, async (page) => {
        await page.waitFor('recorded.shown.at(-1)?.isAllSent');
        proxy.setMode('pause');
        await untilWaiting(page, 'network');
        proxy.setMode('pass');
      });
      const waiting = shown.filter(({ waitingFor }) => waitingFor === 'network');
      for (const { status, speed } of waiting) assert.deepEqual({ status, speed }, { status: 'waiting', speed: 0 });
    });

    it(`${engine} detects that Complete succeeded although its response was lost`, async () => {
      const { shown } = await upload(engine, 'parts', [
        { on: 'complete', times: 1, fault: { do: 'silence', when: 'after' } },
      ]);
      assert.ok(
        shown.some(({ status }) => status === 'finishing'),
        JSON.stringify(shown),
      );
    });
  }

  it('shows speed 0 soon after bytes have stopped moving', async () => {
    const silence: Rule[] = [{ on: 'put', times: 1, fault: { do: 'silence', when: 'after' } }];
    const { shown } = await upload('chromium', 'whole', silence, async (page) => {
      await page.waitFor(
        "recorded.shown.at(-1)?.isAllSent && document.querySelector('mule-upload').uploads[0].speed === 0",
      );
    });
    assert.ok(shown.length > 0);
  });

  it('waits for a slow Complete, and sends it once', async () => {
    const { retries } = await upload('chromium', 'parts', [
      { on: 'complete', times: 1, fault: { do: 'delay', ms: 15_000 } },
    ]);
    assert.deepEqual(retries, []);
    assert.equal(proxy.count('complete'), 1);
  });
});
