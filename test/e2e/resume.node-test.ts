import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { launch } from './browser.js';
import type { Engine, Page } from './browser.js';
import { chooseFiles, isOver, recordOf, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, isFull, writeRandom } from './harness.js';
import type { StoreName } from './harness.js';
import { useHarness } from './use-harness.js';
import { storedAtRest } from './wait.js';

const SIZE = (isFull ? 480 : 120) * MIB;
/** Bytes per second: slow enough to stop an upload half-way. */
const SLOW_RATE = SIZE / 12;

/** Stored parts must not be sent again, however the page ended. */
for (const name of ['ceph', 'bucket'] satisfies StoreName[]) {
  describe(`an interrupted upload to ${name} continues where it stopped`, () => {
    const environment = useHarness(name);

    /** Starts an upload and stops it half-way. @returns its ID, key and stored parts */
    async function startAndStop(page: Page, file: string, stop: () => Promise<void>) {
      environment.harness.proxy.reset();
      environment.harness.proxy.setRate(SLOW_RATE);
      await page.goto(environment.harness.url);
      await chooseFiles(page, [file]);
      await untilParts(page, 4);
      const [before] = await uploadsOf(page);
      await stop();
      const stored = await storedAtRest(environment.harness.s3, before!.key!, before!.uploadId!);
      assert.ok(stored.length >= 4 && stored.length < SIZE / (8 * MIB), `${stored.length} parts are stored`);
      environment.harness.proxy.reset();
      environment.harness.proxy.setRate(Infinity);
      return { id: before!.id, key: before!.key!, stored };
    }

    async function finishUpload(
      page: Page,
      file: string,
      sha256: string,
      { id, key, stored }: Awaited<ReturnType<typeof startAndStop>>,
    ) {
      await page.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'needs-file'");
      await chooseFiles(page, [file]);
      await page.waitFor(isOver);
      const [upload, ...others] = await uploadsOf(page);
      assert.equal(others.length, 0);
      assert.deepEqual([upload?.status, upload?.id, upload?.key, upload?.recovered], ['complete', id, key, true]);
      assert.deepEqual(await environment.harness.s3.digest(BUCKET, key), { sha256, size: SIZE });
      const { events, progressDecreases, progressOverruns } = await recordOf(page);
      assert.deepEqual([events[0]?.type, progressDecreases, progressOverruns], ['recover', 0, 0]);

      const sentAgain = environment.harness.proxy.requests.filter(
        ({ kind, bytes, partNumber }) =>
          kind === 'part' && bytes > 0 && stored.some((part) => part.partNumber === partNumber),
      );
      assert.deepEqual(sentAgain, [], 'no stored part is sent again');
      assert.equal(environment.harness.proxy.bytes('part'), SIZE - stored.reduce((sum, part) => sum + part.size, 0));
      assert.equal(environment.harness.proxy.count('create'), 0);
      return `${stored.length} of ${SIZE / (8 * MIB)} parts were stored, 0 of them sent again`;
    }

    const engines: readonly Engine[] = isFull || name === 'ceph' ? ['chromium', 'firefox', 'webkit'] : ['chromium'];
    for (const engine of engines) {
      it(`after a reload in ${engine}, when the file is chosen again`, async (t) => {
        const file = path.join(environment.folder, `reload-${engine}.bin`);
        const sha256 = await writeRandom(file, SIZE);
        const browser = await launch(engine);
        try {
          const interrupted = await startAndStop(browser, file, () => browser.reload());
          t.diagnostic(await finishUpload(browser, file, sha256, interrupted));
        } finally {
          await browser.close();
        }
      });

      it(`after SIGKILL of ${engine} and a restart with the same profile`, async (t) => {
        const file = path.join(environment.folder, `kill-${engine}.bin`);
        const profile = path.join(environment.folder, `profile-${name}-${engine}`);
        const sha256 = await writeRandom(file, SIZE);
        const first = await launch(engine, { profile });
        const interrupted = await startAndStop(first, file, () => first.kill());
        const second = await launch(engine, { profile });
        try {
          await second.goto(environment.harness.url);
          t.diagnostic(await finishUpload(second, file, sha256, interrupted));
        } finally {
          await second.close();
        }
      });
    }
  });
}
