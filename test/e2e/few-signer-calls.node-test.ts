import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { createMemoryTracker, verifyReceipt } from '../../src/signer/index.js';
import type { SignerOptions } from '../../src/signer/index.js';
import { launch } from './browser.js';
import type { Engine } from './browser.js';
import { chooseFiles, isOver, recordOf, uploadsOf } from './page.js';
import { BUCKET, isFull, MIB, startPage, writeRandom } from './harness.js';
import { useHarness } from './use-harness.js';

const SECRET = 'a secret of the flow';
const SMALL_SIZE = 10 * 1024;
const SMALL_COUNT = isFull ? 2_000 : 200;
/** The test reads one of so many objects back from the store. */
const READ_BACK_INTERVAL = SMALL_COUNT / 20;
const ENGINES = ['chromium', 'firefox', 'webkit'] satisfies Engine[];

describe('a signer with a tracker needs few calls', () => {
  const environment = useHarness('ceph');

  const startSignedIn = (options: Partial<SignerOptions>) =>
    startPage(environment.store, environment.store.url, {
      allowAnonymous: undefined,
      authorize: () => 'ada',
      secret: SECRET,
      tracker: createMemoryTracker(),
      ...options,
    });

  for (const engine of ENGINES) {
    it(`for many small files from ${engine}, each of which gets its own receipt`, async (t) => {
      const files: string[] = [];
      const hashes = new Map<string, string>();
      for (let index = 0; index < SMALL_COUNT; index += 1) {
        const file = path.join(environment.folder, `${engine}-${index}.bin`);
        hashes.set(path.basename(file), await writeRandom(file, SMALL_SIZE));
        files.push(file);
      }
      const completed: string[] = [];
      const page = await startSignedIn({ receipts: true, onComplete: ({ key }) => void completed.push(key) });
      const browser = await launch(engine);
      try {
        await browser.goto(page.url);
        await chooseFiles(browser, files);
        await browser.waitFor(`(${isOver}) && document.querySelector('mule-upload').uploads.length === ${SMALL_COUNT}`);
        const uploads = await uploadsOf(browser);
        assert.ok(
          uploads.every(({ status }) => status === 'complete'),
          JSON.stringify(await recordOf(browser)),
        );
        assert.deepEqual(completed.toSorted(), uploads.map(({ key }) => key!).sort());
        for (const { key, receipt } of uploads)
          assert.equal((await verifyReceipt(receipt!, { secret: SECRET, bucket: BUCKET })).key, key);
        for (const [index, { key, name }] of uploads.entries())
          if (index % READ_BACK_INTERVAL === 0)
            assert.deepEqual(await environment.harness.s3.digest(BUCKET, key!), {
              sha256: hashes.get(name),
              size: SMALL_SIZE,
            });
        const notifications = page.signerCalls.filter(({ action }) => action.startsWith('chunk'));
        // on a slow machine batches are sent before they are full
        assert.ok(notifications.length < SMALL_COUNT / 2, `${notifications.length} notifications`);
        t.diagnostic(
          `${page.signerCalls.length} signer calls for ${SMALL_COUNT} files, ${notifications.length} at their end`,
        );
      } finally {
        await browser.close();
        page.stop();
      }
    });

    it(`for a whole upload from ${engine}: only init signs, if the signer creates the multipart upload`, async () => {
      const file = path.join(environment.folder, `${engine}-film.bin`);
      const size = 40 * MIB + 1;
      const sha256 = await writeRandom(file, size);
      const page = await startSignedIn({ beginMultipart: true, policy: { partSize: 8 * MIB } });
      const browser = await launch(engine);
      try {
        await browser.goto(page.url);
        await chooseFiles(browser, [file]);
        await browser.waitFor(isOver);
        const [upload] = await uploadsOf(browser);
        assert.deepEqual(
          [upload?.status, upload?.recovered],
          ['complete', false],
          JSON.stringify(await recordOf(browser)),
        );
        assert.deepEqual(await environment.harness.s3.digest(BUCKET, upload!.key!), { sha256, size });
        const signing = page.signerCalls.map(({ action }) => action).filter((action) => !action.startsWith('chunk'));
        assert.deepEqual(signing, ['get_init_signature']);
      } finally {
        await browser.close();
        page.stop();
      }
    });
  }
});
