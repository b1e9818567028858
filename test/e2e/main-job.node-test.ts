import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Engine } from './browser.js';
import { launch } from './browser.js';
import { BUCKET, GIB, MIB, isFull, writeRandom } from './harness.js';
import type { StoreName } from './harness.js';
import { useHarness } from './use-harness.js';
import { chooseFiles, isOver, recordOf, uploadsOf } from './page.js';

/** The main job: a file set on the element's own input is stored in the bucket, byte for byte. */
for (const name of ['ceph', 'bucket'] satisfies StoreName[]) {
  describe(`a file goes from a page to ${name}`, () => {
    const environment = useHarness(name);

    const cases: [Engine, number][] = [
      ['chromium', GIB],
      ['firefox', isFull ? GIB : 60 * MIB],
      ['webkit', isFull ? GIB : 60 * MIB],
    ];
    for (const [engine, size] of cases) {
      it(`${size / MIB} MiB in ${engine}, by multipart upload`, async (t) => {
        const file = path.join(environment.folder, `${engine}.bin`);
        const sha256 = await writeRandom(file, size);
        environment.harness.proxy.reset();
        environment.harness.signerCalls.length = 0;
        const browser = await launch(engine);
        try {
          await browser.goto(`${environment.harness.url}?checksum=none`);
          // a browser's own start-up work continues after its first page has loaded
          await new Promise((resolve) => setTimeout(resolve, 3_000));
          const idle = (await browser.metrics()).pageMemory;
          let peak = idle;
          await browser.evaluate('pageRecord.longestTask = 0');
          await chooseFiles(browser, [file]);
          while (!(await browser.evaluate(isOver))) {
            peak = Math.max(peak, (await browser.metrics()).pageMemory);
            await new Promise((resolve) => setTimeout(resolve, 250));
          }

          const [upload] = await uploadsOf(browser);
          assert.equal(upload?.status, 'complete', JSON.stringify(upload));
          assert.deepEqual(await environment.harness.s3.digest(BUCKET, upload.key!), { sha256, size });
          const parts = size / (8 * MIB);
          assert.equal(environment.harness.proxy.count('create'), 1);
          assert.equal(environment.harness.proxy.count('part'), Math.ceil(parts), 'each part once');
          assert.equal(environment.harness.proxy.bytes('part'), size, 'each byte once');
          assert.equal(environment.harness.proxy.count('complete'), 1);
          const calls = environment.harness.signerCalls.map(({ action }) => action);
          assert.equal(calls.filter((action) => action === 'get_init_signature').length, 1);
          assert.ok(calls.length <= 1 + Math.ceil(parts / 100), `signer calls: ${calls.join(' ')}`);

          const { progressDecreases, progressOverruns, errors, longestTask } = await recordOf(browser);
          assert.deepEqual(
            { progressDecreases, progressOverruns, errors },
            { progressDecreases: 0, progressOverruns: 0, errors: [] },
          );
          const growth = (peak - idle) / MIB;
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
