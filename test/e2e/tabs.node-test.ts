import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { UploadSnapshot } from '../../src/engine/api/types.js';
import { launch } from './browser.js';
import type { Driver, Engine, Page } from './browser.js';
import { chooseFiles, isOver, recordOf, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, writeRandom } from './harness.js';
import { useHarness } from './use-harness.js';

const PART = 5 * MIB;
const SIZE = 12 * PART;
/** Bytes per second: slow enough to close a tab half-way. */
const SLOW_RATE = SIZE / 6;

/** Real tabs of one browser, one store: the same file in two of them is one upload. */
for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
  describe(`the same file in two tabs of ${engine}`, () => {
    const environment = useHarness('bucket');

    /** Starts in the first tab, then chooses the same file in the second. */
    async function startInBoth(browser: Driver) {
      const file = path.join(environment.folder, `${engine}.bin`);
      const sha256 = await writeRandom(file, SIZE);
      const { proxy, url } = environment.harness;
      proxy.reset();
      proxy.setRate(SLOW_RATE);
      const pages: Page[] = [await browser.newPage(), await browser.newPage()];
      for (const page of pages) await page.goto(`${url}?part-size=5MiB`);
      const [first, second] = pages as [Page, Page];
      await chooseFiles(first, [file]);
      await first.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'uploading'");
      await chooseFiles(second, [file]);
      await untilParts(second, 2);
      const [shown] = await uploadsOf(second);
      assert.deepEqual([shown?.status, shown?.waitingFor], ['waiting', 'tab']);
      assert.ok(shown!.loaded >= 2 * PART, 'the progress of the first is shown in the second');
      return { first, second, sha256 };
    }

    const storedParts = async ({ key, uploadId }: UploadSnapshot): Promise<number[]> =>
      (await environment.harness.s3.listParts(BUCKET, key!, uploadId!)).map(({ partNumber }) => partNumber);

    /** Checks that the second tab continues when the first has closed. */
    async function expectContinued(second: Page, sha256: string, leave: () => Promise<void>): Promise<string> {
      const { proxy, s3 } = environment.harness;
      await leave();
      await second.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'uploading'");
      const [upload] = await uploadsOf(second);
      const stored = await storedParts(upload!);
      const before = proxy.requests.length;
      proxy.setRate(Infinity);
      await second.waitFor(isOver);
      const [done] = await uploadsOf(second);
      assert.equal(done?.status, 'complete');
      assert.deepEqual(await s3.digest(BUCKET, done.key!), { sha256, size: SIZE });
      const again = proxy.requests
        .slice(before)
        .filter(({ kind, partNumber }) => kind === 'part' && stored.includes(partNumber!));
      assert.deepEqual(again, [], 'no stored part is sent again');
      assert.equal(proxy.count('create'), 1);
      const { progressDecreases, progressOverruns } = await recordOf(second);
      assert.deepEqual([progressDecreases, progressOverruns], [0, 0]);
      return `${stored.length} of ${SIZE / PART} parts were stored, 0 of them sent again`;
    }

    it('is one upload, and complete in both', async (t) => {
      const browser = await launch(engine);
      try {
        const { first, second, sha256 } = await startInBoth(browser);
        const { proxy, s3 } = environment.harness;
        proxy.setRate(Infinity);
        await Promise.all([first.waitFor(isOver), second.waitFor(isOver)]);
        const [[one], [other]] = [await uploadsOf(first), await uploadsOf(second)];
        const comparedFields = ({ status, key, etag, location }: UploadSnapshot) => ({ status, key, etag, location });
        assert.equal(one?.status, 'complete');
        assert.deepEqual(comparedFields(other!), comparedFields(one));
        assert.deepEqual(await s3.digest(BUCKET, one.key!), { sha256, size: SIZE });
        assert.deepEqual([proxy.count('create'), proxy.count('complete')], [1, 1]);
        assert.equal(proxy.bytes('part'), SIZE);
        t.diagnostic(`${proxy.count('part')} parts sent for both`);
      } finally {
        await browser.close();
      }
    });

    it('continues in the second when the first is closed', async (t) => {
      const browser = await launch(engine);
      try {
        const { first, second, sha256 } = await startInBoth(browser);
        t.diagnostic(await expectContinued(second, sha256, () => first.closeTab()));
      } finally {
        await browser.close();
      }
    });

    if (engine !== 'chromium') return;
    it('continues in the second when the first crashes', async (t) => {
      const browser = await launch(engine);
      try {
        const { first, second, sha256 } = await startInBoth(browser);
        t.diagnostic(await expectContinued(second, sha256, () => first.crash()));
      } finally {
        await browser.close();
      }
    });
  });
}
