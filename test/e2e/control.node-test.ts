import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { launch } from './browser.js';
import type { Driver, Engine } from './browser.js';
import { call, chooseFiles, isOver, seen, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, isFull, writeRandom } from './harness.js';
import type { StoreName } from './harness.js';
import { useHarness } from './use-harness.js';
import { storedAtRest, untilNoUploads, untilUnchanged } from './wait.js';

const SLOW_RATE = 20 * MIB;

/** User actions during uploads, and files of edge-case sizes, on a real store. */
for (const name of (isFull ? ['ceph', 'bucket'] : ['ceph']) satisfies StoreName[])
  describe(`an upload to ${name} handles`, () => {
    const inUse = useHarness(name);
    let large: string;
    let largeSha256: string;
    const LARGE = (isFull ? 96 : 64) * MIB;

    before(async () => {
      large = path.join(inUse.folder, 'large.bin');
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
          inUse.harness.proxy.setMode('pass');
          inUse.harness.proxy.setRate(rate);
          await browser.goto(`${inUse.harness.url}${query}`);
          // an upload left by another test would be resumed
          await browser.evaluate("document.querySelector('mule-upload').forget()");
          inUse.harness.proxy.reset();
          inUse.harness.signerCalls.length = 0;
        }

        it('pause: nothing more is sent, stored parts stay, resume sends only the rest', async () => {
          await open(SLOW_RATE);
          await chooseFiles(browser, [large]);
          await untilParts(browser, 3);
          await call(browser, 'pause');
          await browser.waitFor("document.querySelector('mule-upload').status === 'paused'");
          const { proxy, s3 } = inUse.harness;
          await untilUnchanged(() => [proxy.bytes(), proxy.count()]);

          const [paused] = await uploadsOf(browser);
          assert.equal(paused?.status, 'paused');
          const stored = await storedAtRest(s3, paused.key!, paused.uploadId!);
          assert.ok(stored.length >= 3 && stored.length < LARGE / (8 * MIB), `${stored.length} parts are stored`);
          inUse.harness.proxy.reset();
          inUse.harness.proxy.setRate(Infinity);
          await call(browser, 'resume');
          await browser.waitFor(isOver);
          const [upload] = await uploadsOf(browser);
          assert.equal(upload?.status, 'complete');
          assert.deepEqual(await inUse.harness.s3.digest(BUCKET, upload.key!), { sha256: largeSha256, size: LARGE });
          assert.equal(inUse.harness.proxy.bytes('part'), LARGE - stored.reduce((sum, { size }) => sum + size, 0));
        });

        it('abort: nothing is left in the store or in the browser', async () => {
          await open(SLOW_RATE);
          await chooseFiles(browser, [large]);
          await untilParts(browser, 2);
          await call(browser, 'abort');
          assert.equal((await uploadsOf(browser))[0]?.status, 'aborted');
          inUse.harness.proxy.setRate(Infinity);
          await untilNoUploads(inUse.harness.s3);
          assert.ok(inUse.harness.proxy.count('abort') >= 1);

          await browser.reload();
          await browser.waitFor("!!customElements.get('mule-upload')");
          await sleep(500);
          assert.deepEqual(await uploadsOf(browser), [], 'forgotten');
        });

        it('abort while the store is unreachable: it is aborted there once it is back, even after a reload', async () => {
          await open(SLOW_RATE);
          await chooseFiles(browser, [large]);
          await untilParts(browser, 1);
          inUse.harness.proxy.setMode('refuse');
          await call(browser, 'abort');
          await sleep(500);
          await browser.reload();
          await browser.waitFor("!!customElements.get('mule-upload')");
          assert.equal((await inUse.harness.s3.listUploads(BUCKET)).length, 1);
          inUse.harness.proxy.setRate(Infinity);
          inUse.harness.proxy.setMode('pass');
          await untilNoUploads(inUse.harness.s3);
          assert.deepEqual(await uploadsOf(browser), []);
        });

        it('a small file added after huge ones: it does not wait for them', async () => {
          const huge = [
            path.join(inUse.folder, `huge-1-${engine}.bin`),
            path.join(inUse.folder, `huge-2-${engine}.bin`),
          ];
          for (const file of huge) await writeRandom(file, LARGE);
          const small = path.join(inUse.folder, `small-${engine}.bin`);
          const sha256 = await writeRandom(small, 100_000);
          await open(SLOW_RATE, '?concurrency=2');
          await chooseFiles(browser, huge);
          await untilParts(browser, 1);
          const { proxy, s3 } = inUse.harness;
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
          inUse.harness.proxy.setRate(Infinity);
          await sleep(500);
        });

        it('files of edge-case sizes: 0, 1, one part and one byte more, an exact multiple of the part size', async () => {
          const sizes = [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 16 * MIB, 24 * MIB];
          const files = await Promise.all(
            sizes.map(async (size) => {
              const file = path.join(inUse.folder, `${engine}-${size}.bin`);
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
            assert.deepEqual(await inUse.harness.s3.digest(BUCKET, upload.key!), { sha256, size });
            const head = await inUse.harness.s3.head(BUCKET, upload.key!);
            assert.equal(upload.etag, head.headers.get('etag')?.replaceAll('"', ''));
          }
          assert.equal(inUse.harness.proxy.count('put'), 4, 'those of one part at most go by one PUT');
          assert.equal(inUse.harness.proxy.count('create'), 3);
          assert.equal(
            inUse.harness.proxy.bytes('part') + inUse.harness.proxy.bytes('put'),
            sizes.reduce((sum, size) => sum + size, 0),
            'each byte once',
          );
          const { backwards, beyond, errors } = await seen(browser);
          assert.deepEqual({ backwards, beyond, errors }, { backwards: 0, beyond: 0, errors: [] });
        });

        it('a browser without storage: the upload works, and one warning says that it will not survive a reload', async () => {
          await open(Infinity, '?no-storage');
          await chooseFiles(browser, [large]);
          await browser.waitFor(isOver);
          const [upload] = await uploadsOf(browser);
          assert.equal(upload?.status, 'complete');
          assert.deepEqual(await inUse.harness.s3.digest(BUCKET, upload.key!), { sha256: largeSha256, size: LARGE });
          const { warnings, errors } = await seen(browser);
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
          inUse.harness.proxy.setMode('refuse');
          await browser.waitFor("document.querySelector('mule-upload').uploads[0].waitingFor === 'network'");
          await sleep(4_000);
          inUse.harness.proxy.setRate(Infinity);
          inUse.harness.proxy.setMode('pass');
          await browser.waitFor(isOver);
          const [upload] = await uploadsOf(browser);
          assert.equal(upload?.status, 'complete');
          assert.deepEqual(await inUse.harness.s3.digest(BUCKET, upload.key!), { sha256: largeSha256, size: LARGE });
          const { events, backwards, beyond, errors } = await seen(browser);
          assert.deepEqual({ backwards, beyond, errors }, { backwards: 0, beyond: 0, errors: [] });
          assert.ok(events.some(({ type }) => type === 'retry'));
        });
      });
    }
  });
