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

const SIZE = 3 * MIB;
const SCRIPTS = "script-src 'self' 'unsafe-inline' 'unsafe-eval'";

describe('a page whose content security policy blocks what an upload needs', () => {
  let remove: () => Promise<void>;
  let store: Store;
  /** Serves as a signer at another origin, which the policy blocks. */
  let signerProxy: FaultProxy;
  let sites: Site[];
  let file: string;
  let sha256: string;

  before(async () => {
    const { folder, remove: removeFolder } = await makeFolder();
    remove = removeFolder;
    store = await startStore('bucket', folder);
    file = path.join(folder, 'policy.mp4');
    sha256 = await writeRandom(file, SIZE);
    sites = [];
  });

  after(async () => {
    for (const site of sites) site.stop();
    await signerProxy?.close();
    await store.stop();
    await remove();
  });

  async function site(policy: string, signer = '/sign'): Promise<Site> {
    const pages = { '/': recorderPage(`signer="${signer}" checksum="crc32"`) };
    const one = await startSite(store, pages, { headers: { 'content-security-policy': policy } });
    sites.push(one);
    return one;
  }

  /** Chooses the file, and waits for the error event. */
  async function errorOn(page: Page, url: string): Promise<{ code: string; message: string }> {
    await page.goto(url);
    await page.waitFor("!!customElements.get('mule-upload')");
    await chooseFiles(page, [file]);
    await page.waitFor('recorded.errors.length');
    await page.waitFor("recorded.shown.some(({ status }) => status === 'waiting')");
    // the upload continues to retry, without another error event
    await page.waitFor('recorded.retries.length >= 3');
    const { errors } = await recordedBy(page);
    assert.equal(errors.length, 1);
    assert.equal(errors[0]!.retriesBefore, 0, 'at the first failure');
    return errors[0]!;
  }

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    for (const directive of ['connect-src', 'default-src']) {
      it(`${engine} names the directive and the store to allow: ${directive}`, async () => {
        const { url } = await site(`${directive} 'self'${directive === 'default-src' ? `; ${SCRIPTS}` : ''}`);
        const browser = await launch(engine);
        try {
          const { code, message } = await errorOn(browser, url);
          assert.equal(code, 'store-blocked');
          for (const word of ['connect-src', new URL(store.url).origin, 'policy.mp4'])
            assert.ok(message.includes(word), message);
        } finally {
          await browser.close();
        }
      });
    }

    it(`${engine} names the directive and the signer to allow`, async () => {
      signerProxy ??= await startFaultProxy(store.url);
      const { url } = await site("connect-src 'self'", `${signerProxy.url}/sign`);
      const browser = await launch(engine);
      try {
        const { code, message } = await errorOn(browser, url);
        assert.equal(code, 'store-blocked');
        for (const word of ['connect-src', signerProxy.url, 'policy.mp4']) assert.ok(message.includes(word), message);
      } finally {
        await browser.close();
      }
    });

    for (const [what, policy, allowed] of [
      ['without the worker', "worker-src 'self'", ['worker-src', 'blob:']],
      ['a video without the thumbnail', "media-src 'self'", ['media-src blob:']],
    ] as const)
      it(`${engine} uploads ${what} that a policy blocks, and the console says why`, async () => {
        const { url } = await site(`${SCRIPTS}; ${policy}`);
        const browser = await launch(engine);
        try {
          await browser.goto(url);
          await browser.waitFor("!!customElements.get('mule-upload')");
          await browser.evaluate(
            'void (window.warned = [], console.warn = (...words) => warned.push(words.map(String).join(" ")))',
          );
          await chooseFiles(browser, [file]);
          await browser.waitFor(isOver, { timeout: 100_000 });
          const [upload] = await uploadsOf(browser);
          assert.equal(upload?.status, 'complete');
          assert.deepEqual(await new S3Client(store).digest(BUCKET, upload.key!), { sha256, size: SIZE });
          assert.deepEqual((await recordedBy(browser)).errors, []);
          const warned = await browser.evaluate<[], string[]>('warned');
          assert.ok(
            warned.some((words) => allowed.every((word) => words.includes(word))),
            JSON.stringify(warned),
          );
        } finally {
          await browser.close();
        }
      });
  }
});
