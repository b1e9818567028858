import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { launch } from './browser.js';
import type { Driver, Engine } from './browser.js';
import { call, chooseFiles, isOver, recordOf, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, isFull, writeRandom } from './harness.js';
import type { StoreName } from './harness.js';
import { useHarness } from './use-harness.js';
import { storedAtRest, untilNoUploads, untilUnchanged } from './wait.js';

const SLOW_RATE = 20 * MIB;

/** User actions during uploads, and files of edge-case sizes, on a real store. */
for (const name of (isFull ? ['ceph', 'bucket'] : ['ceph']) satisfies StoreName[])
  describe(`an upload to ${name} handles`, () => {
    const environment = useHarness(name);
    let large: string;
    let largeSha256: string;
    const LARGE = (isFull ? 96 : 64) * MIB;

    before(async () => {
      large = path.join(environment.folder, 'large.bin');
      largeSha256 = await writeRandom(large, LARGE);
    });

    for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
      describe(`in ${engine}`, () => {
        let browser: Driver;
        before(async () => {
          browser = await launch(engine);
        });
        after(() => browser.close());

        async function open(rate = Infinity, query = ''): Promise<void> {
          environment.harness.proxy.setMode('pass');
          environment.harness.proxy.setRate(rate);
          await browser.goto(`${environment.harness.url}${query}`);
          // otherwise the page would resume an unfinished upload of another test
          await browser.evaluate("document.querySelector('mule-upload').forget()");
          environment.harness.proxy.reset();
          environment.harness.signerCalls.length = 0;
        }

        it('pause: nothing more is sent, stored parts stay, resume sends only the rest', async () => {
          await open(SLOW_RATE);
          await chooseFiles(browser, [large]);
          await untilParts(browser, 3);
          await call(browser, 'pause');
          await browser.waitFor("document.querySelector('mule-upload').status === 'paused'");
          const { proxy, s3 } = environment.harness;
          await untilUnchanged(() => [proxy.bytes(), proxy.count()]);

          const [paused] = await uploadsOf(browser);
          assert.equal(paused?.status, 'paused');
          const stored = await storedAtRest(s3, paused.key!, paused.uploadId!);
          assert.ok(stored.length >= 3 && stored.length < LARGE / (8 * MIB), `${stored.length} parts are stored`);
          environment.harness.proxy.reset();
          environment.harness.proxy.setRate(Infinity);
          await call(browser, 'resume');
          await browser.waitFor(isOver);
          const [upload] = await uploadsOf(browser);
          assert.equal(upload?.status, 'complete');
          assert.deepEqual(await environment.harness.s3.digest(BUCKET, upload.key!), {
            sha256: largeSha256,
            size: LARGE,
          });
          assert.equal(
            environment.harness.proxy.bytes('part'),
            LARGE - stored.reduce((sum, { size }) => sum + size, 0),
          );
        });

        it('abort: nothing is left in the store or in the browser', async () => {
          await open(SLOW_RATE);
          await chooseFiles(browser, [large]);
          await untilParts(browser, 2);
          await call(browser, 'abort');
          assert.equal((await uploadsOf(browser))[0]?.status, 'aborted');
          environment.harness.proxy.setRate(Infinity);
          await untilNoUploads(environment.harness.s3);
          assert.ok(environment.harness.proxy.count('abort') >= 1);

          await browser.reload();
          await browser.waitFor("!!customElements.get('mule-upload')");
          await sleep(500);
          assert.deepEqual(await uploadsOf(browser), [], 'forgotten');
        });

        it('abort while the store is unreachable: it is aborted there once it is back, even after a reload', async () => {
          await open(SLOW_RATE);
          await chooseFiles(browser, [large]);
          await untilParts(browser, 1);
          environment.harness.proxy.setMode('refuse');
          await call(browser, 'abort');
          await sleep(500);
          await browser.reload();
          await browser.waitFor("!!customElements.get('mule-upload')");
          assert.equal((await environment.harness.s3.listUploads(BUCKET)).length, 1);
          environment.harness.proxy.setRate(Infinity);
          environment.harness.proxy.setMode('pass');
          await untilNoUploads(environment.harness.s3);
          assert.deepEqual(await uploadsOf(browser), []);
        });

        it('a small file added after huge ones: it does not wait for them', async () => {
          const huge = [
            path.join(environment.folder, `huge-1-${engine}.bin`),
            path.join(environment.folder, `huge-2-${engine}.bin`),
          ];
          for (const file of huge) await writeRandom(file, LARGE);
          const small = path.join(environment.folder, `small-${engine}.bin`);
          const sha256 = await writeRandom(small, 100_000);
          await open(SLOW_RATE, '?concurrency=2');
          await chooseFiles(browser, huge);
          await untilParts(browser, 1);
          const { proxy, s3 } = environment.harness;
          proxy.setRate(4 * MIB);
          await chooseFiles(browser, [small]);
          await browser.waitFor("document.querySelector('mule-upload').uploads[2]?.status === 'complete'");
          const { key } = (await uploadsOf(browser))[2]!;
          const { deliveredAt } = proxy.requests.find((request) => request.kind === 'put' && request.key === key)!;
          const overtaking = proxy.requests.filter(
            ({ kind, startedAt }) => kind === 'complete' && startedAt < deliveredAt!,
          );
          assert.deepEqual(overtaking, [], 'no huge file was complete before it');
          assert.equal((await s3.digest(BUCKET, key!)).sha256, sha256);
          await call(browser, 'abort');
          environment.harness.proxy.setRate(Infinity);
          await sleep(500);
        });

        it('files of edge-case sizes: 0, 1, one part and one byte more, an exact multiple of the part size', async () => {
          const sizes = [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 16 * MIB, 24 * MIB];
          const files = await Promise.all(
            sizes.map(async (size) => {
              const file = path.join(environment.folder, `${engine}-${size}.bin`);
              return { file, size, sha256: await writeRandom(file, size) };
            }),
          );
          await open();
          await chooseFiles(
            browser,
            files.map(({ file }) => file),
          );
          await browser.waitFor(isOver);
          const uploads = await uploadsOf(browser);
          for (const [index, { size, sha256 }] of files.entries()) {
            const upload = uploads[index]!;
            assert.deepEqual([upload.size, upload.status, upload.loaded, upload.ratio], [size, 'complete', size, 1]);
            assert.deepEqual(await environment.harness.s3.digest(BUCKET, upload.key!), { sha256, size });
            const head = await environment.harness.s3.head(BUCKET, upload.key!);
            assert.equal(upload.etag, head.headers.get('etag')?.replaceAll('"', ''));
          }
          assert.equal(environment.harness.proxy.count('put'), 4, 'those of one part at most go by one PUT');
          assert.equal(environment.harness.proxy.count('create'), 3);
          assert.equal(
            environment.harness.proxy.bytes('part') + environment.harness.proxy.bytes('put'),
            sizes.reduce((sum, size) => sum + size, 0),
            'each byte once',
          );
          const { progressDecreases, progressOverruns, errors } = await recordOf(browser);
          assert.deepEqual(
            { progressDecreases, progressOverruns, errors },
            { progressDecreases: 0, progressOverruns: 0, errors: [] },
          );
        });

        it('a browser without storage: the upload works, and one warning says that it will not survive a reload', async () => {
          await open(Infinity, '?no-storage');
          await chooseFiles(browser, [large]);
          await browser.waitFor(isOver);
          const [upload] = await uploadsOf(browser);
          assert.equal(upload?.status, 'complete');
          assert.deepEqual(await environment.harness.s3.digest(BUCKET, upload.key!), {
            sha256: largeSha256,
            size: LARGE,
          });
          const { warnings, errors } = await recordOf(browser);
          assert.equal(
            warnings.filter((text) => /will not survive a reload/.test(text)).length,
            1,
            warnings.join('\n'),
          );
          assert.deepEqual(errors, []);
        });

        it('a store that is down for seconds: it waits, shows it, and continues by itself', async () => {
          await open(SLOW_RATE);
          await chooseFiles(browser, [large]);
          await untilParts(browser, 2);
          environment.harness.proxy.setMode('refuse');
          await browser.waitFor("document.querySelector('mule-upload').uploads[0].waitingFor === 'network'");
          await sleep(4_000);
          environment.harness.proxy.setRate(Infinity);
          environment.harness.proxy.setMode('pass');
          await browser.waitFor(isOver);
          const [upload] = await uploadsOf(browser);
          assert.equal(upload?.status, 'complete');
          assert.deepEqual(await environment.harness.s3.digest(BUCKET, upload.key!), {
            sha256: largeSha256,
            size: LARGE,
          });
          const { events, progressDecreases, progressOverruns, errors } = await recordOf(browser);
          assert.deepEqual(
            { progressDecreases, progressOverruns, errors },
            { progressDecreases: 0, progressOverruns: 0, errors: [] },
          );
          assert.ok(events.some(({ type }) => type === 'retry'));
        });
      });
    }
  });
