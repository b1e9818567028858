import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Engine } from './browser.js';
import { launch } from './browser.js';
import { BUCKET, GIB, MIB, isFull, writeRandom } from './harness.js';
import type { StoreName } from './harness.js';
import { useHarness } from './use-harness.js';
import { chooseFiles, isOver, seen, uploadsOf } from './page.js';

/** The main job: a file set on the element's own input is stored in the bucket, byte for byte. */
for (const name of ['ceph', 'bucket'] satisfies StoreName[]) {
  describe(`a file goes from a page to ${name}`, () => {
    const inUse = useHarness(name);

    const jobs: [Engine, number][] = [
      ['chromium', GIB],
      ['firefox', isFull ? GIB : 60 * MIB],
      ['webkit', isFull ? GIB : 60 * MIB],
    ];
    for (const [engine, size] of jobs) {
      it(`${size / MIB} MiB in ${engine}, by multipart upload`, async (t) => {
        const file = path.join(inUse.folder, `${engine}.bin`);
        const sha256 = await writeRandom(file, size);
        inUse.harness.proxy.reset();
        inUse.harness.signerCalls.length = 0;
        const browser = await launch(engine);
        try {
          await browser.goto(`${inUse.harness.url}?checksum=none`);
          // a browser's own start-up work continues after its first page has loaded
          await new Promise((resolve) => setTimeout(resolve, 3_000));
          const idle = (await browser.metrics()).pageMemory;
          let most = idle;
          await browser.evaluate('seen.longestTask = 0');
          await chooseFiles(browser, [file]);
          while (!(await browser.evaluate(isOver))) {
            most = Math.max(most, (await browser.metrics()).pageMemory);
            await new Promise((resolve) => setTimeout(resolve, 250));
          }

          const [upload] = await uploadsOf(browser);
          assert.equal(upload?.status, 'complete', JSON.stringify(upload));
          assert.deepEqual(await inUse.harness.s3.digest(BUCKET, upload.key!), { sha256, size });
          const parts = size / (8 * MIB);
          assert.equal(inUse.harness.proxy.count('create'), 1);
          assert.equal(inUse.harness.proxy.count('part'), Math.ceil(parts), 'each part once');
          assert.equal(inUse.harness.proxy.bytes('part'), size, 'each byte once');
          assert.equal(inUse.harness.proxy.count('complete'), 1);
          const calls = inUse.harness.signerCalls.map(({ action }) => action);
          assert.equal(calls.filter((action) => action === 'get_init_signature').length, 1);
          assert.ok(calls.length <= 1 + Math.ceil(parts / 100), `signer calls: ${calls.join(' ')}`);

          const { backwards, beyond, errors, longestTask } = await seen(browser);
          assert.deepEqual({ backwards, beyond, errors }, { backwards: 0, beyond: 0, errors: [] });
          const growth = (most - idle) / MIB;
          if (engine === 'chromium') assert.ok(growth <= 40, `the page grew by ${growth.toFixed(1)} MiB`);
          t.diagnostic(
            `${calls.length} signer calls, page memory +${growth.toFixed(1)} MiB, longest main-thread task ${Math.round(longestTask)} ms`,
          );
        } finally {
          await browser.close();
        }
      });
    }
  });
}
