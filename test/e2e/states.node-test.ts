/** Changes outside of the page during an upload: by another client of the store, to the file on disk, to signer and keys. */
import assert from 'node:assert/strict';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBucket } from '../../demo/bucket/index.js';
import type { UploadSnapshot } from '../../src/engine/api/types.js';
import { launch } from './browser.js';
import type { Driver, Engine } from './browser.js';
import { call, chooseFiles, isOver, recordOf, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, isFull, makeFolder, startHarness, startStore, writeRandom } from './harness.js';
import type { Harness, Store, StoreName } from './harness.js';
import { untilNoUploads } from './wait.js';

const PART = 5 * MIB;
const SIZE = 3 * PART + 1_000;
/** Bytes per second: slow enough to act between two parts. */
const SLOW_RATE = 4 * MIB;
const ENGINES = ['chromium', 'firefox', 'webkit'] satisfies Engine[];

let folder: string;
let remove: () => Promise<void>;
before(async () => {
  ({ folder, remove } = await makeFolder());
});
after(() => remove());

/** Starts an upload, acts once the first part is stored, then lets it finish. */
async function actDuringUpload(
  page: Driver,
  harness: Harness,
  file: string,
  act: (upload: UploadSnapshot) => Promise<void>,
): Promise<UploadSnapshot> {
  harness.proxy.reset();
  harness.proxy.setRate(SLOW_RATE);
  await page.goto(`${harness.url}?part-size=5MiB&concurrency=1`);
  await page.waitFor("Boolean(document.querySelector('mule-upload')?.shadowRoot)");
  await chooseFiles(page, [file]);
  await untilParts(page, 1);
  const [begun] = await uploadsOf(page);
  await act(begun!);
  harness.proxy.setRate(Infinity);
  await page.waitFor(isOver, { timeout: 120_000 });
  const [upload] = await uploadsOf(page);
  return upload!;
}

/** The actions of another client on the upload in the store. */
const OTHER_CLIENT_ACTIONS: Record<string, (harness: Harness, upload: UploadSnapshot, bytes: Buffer) => Promise<void>> =
  {
    async aborted({ s3 }, { key, uploadId }) {
      assert.equal((await s3.abort(BUCKET, key!, uploadId!)).status, 204);
    },
    async completed({ s3 }, { key, uploadId }, bytes) {
      const parts = [];
      for (let partNumber = 1; (partNumber - 1) * PART < SIZE; partNumber++) {
        const body = new Uint8Array(bytes.subarray((partNumber - 1) * PART, partNumber * PART));
        parts.push({ partNumber, etag: await s3.uploadPart(BUCKET, key!, uploadId!, partNumber, body) });
      }
      assert.equal((await s3.complete(BUCKET, key!, uploadId!, parts)).status, 200);
    },
    async 'completed, and its object deleted'(harness, upload, bytes) {
      await OTHER_CLIENT_ACTIONS.completed!(harness, upload, bytes);
      await harness.s3.delete(BUCKET, upload.key!);
    },
  };

for (const name of ['bucket', 'ceph'] satisfies StoreName[]) {
  describe(`an upload to ${name} that another client has`, () => {
    let store: Store;
    let harness: Harness;
    before(async () => {
      store = await startStore(name, folder);
      harness = await startHarness(store);
    });
    after(async () => {
      await harness.stop();
      await store.stop();
    });

    for (const [index, [actionName, act]] of Object.entries(OTHER_CLIENT_ACTIONS).entries()) {
      // by default one engine per action, a different one for each store; at full size every engine
      const turn = ENGINES[(index + Number(name === 'ceph')) % ENGINES.length]!;
      const engines = isFull ? ENGINES : [turn];
      for (const engine of engines) {
        it(`${actionName} is still stored, in ${engine}`, async () => {
          const file = path.join(folder, `${name}-${index}-${engine}.bin`);
          const sha256 = await writeRandom(file, SIZE);
          const bytes = await readFile(file);
          const page = await launch(engine);
          try {
            const upload = await actDuringUpload(page, harness, file, (begun) => act(harness, begun, bytes));
            assert.deepEqual([upload.status, upload.error], ['complete', null]);
            assert.deepEqual(await harness.s3.digest(BUCKET, upload.key!), { sha256, size: SIZE });
            assert.equal(harness.proxy.count('create'), actionName === 'completed' ? 1 : 2);
            const { events } = await recordOf(page);
            assert.equal(
              events.some(({ reason }) => reason?.includes('restarting')),
              actionName !== 'completed',
            );
          } finally {
            await page.close();
          }
        });
      }
    }
  });
}

describe('a file that is changed on disk while it is sent', () => {
  let store: Store;
  let harness: Harness;
  before(async () => {
    store = await startStore('bucket', path.join(folder, 'changed'));
    harness = await startHarness(store);
  });
  after(async () => {
    await harness.stop();
    await store.stop();
  });

  for (const engine of ENGINES) {
    it(`is reported, and sent again from the start, if it is sent in one request, in ${engine}`, async () => {
      const file = path.join(folder, `small-${engine}.bin`);
      const size = 4 * 1024 ** 2;
      await writeRandom(file, size);
      const page = await launch(engine);
      try {
        harness.proxy.reset();
        harness.proxy.setRate(SLOW_RATE);
        await page.goto(harness.url);
        await page.waitFor("Boolean(document.querySelector('mule-upload')?.shadowRoot)");
        await chooseFiles(page, [file]);
        await page.waitFor("document.querySelector('mule-upload').uploads[0]?.loaded > 0");
        const handle = await open(file, 'r+');
        await handle.write(Buffer.from('changed'), 0, 7, size - 100);
        await handle.close();
        harness.proxy.setRate(Infinity);
        await page.waitFor(isOver, { timeout: 120_000 });
        const [failed] = await uploadsOf(page);
        assert.equal(failed!.status, 'failed');
        assert.match(failed!.error!.code, /^file-(changed|unreadable)$/);
        const sha256 = await writeRandom(file, size + 1);
        await chooseFiles(page, [file]);
        await page.waitFor(isOver, { timeout: 120_000 });
        const [upload, ...others] = await uploadsOf(page);
        assert.deepEqual([upload!.status, upload!.id, others.length], ['complete', failed!.id, 0]);
        assert.deepEqual(await harness.s3.digest(BUCKET, upload!.key!), { sha256, size: size + 1 });
      } finally {
        await page.close();
      }
      for (const { key } of await harness.s3.listObjects(BUCKET)) await harness.s3.delete(BUCKET, key);
    });

    it(`is never completed, and sent from the start when it is chosen again, in ${engine}`, async () => {
      const file = path.join(folder, `changed-${engine}.bin`);
      await writeRandom(file, SIZE);
      const page = await launch(engine);
      try {
        const failed = await actDuringUpload(page, harness, file, async () => {
          const handle = await open(file, 'r+');
          await handle.write(Buffer.from('changed'), 0, 7, SIZE - 100);
          await handle.close();
        });
        assert.equal(failed.status, 'failed');
        // WebKit reports a changed file as missing
        assert.match(
          (await recordOf(page)).errors.join(),
          engine === 'webkit' ? /^file-unreadable: / : /^file-changed: /,
        );
        assert.deepEqual(await harness.s3.listObjects(BUCKET), []);
        const sha256 = await writeRandom(file, SIZE + 1);
        await chooseFiles(page, [file]);
        await page.waitFor(isOver, { timeout: 120_000 });
        const [upload, ...others] = await uploadsOf(page);
        assert.deepEqual([upload!.status, upload!.id, others.length], ['complete', failed.id, 0]);
        assert.deepEqual(await harness.s3.digest(BUCKET, upload!.key!), { sha256, size: SIZE + 1 });
        await untilNoUploads(harness.s3);
        await harness.s3.delete(BUCKET, upload!.key!);
      } finally {
        await page.close();
      }
    });
  }
});

describe('an upload whose signatures expire', () => {
  it('continues with signatures and grants that live for seconds, and keys that change', async () => {
    const credentials = { accessKeyId: 'first-key', secretAccessKey: 'first-secret-0123456789' };
    const bucket = await startBucket({ dir: path.join(folder, 'rotating'), buckets: [BUCKET], credentials });
    const firstCredentials = { ...credentials };
    let signerCredentials = firstCredentials;
    const harness = await startHarness(
      { url: bucket.url, region: 'us-east-1', ...firstCredentials },
      {
        credentials: () => signerCredentials,
        secret: 'seals the grants, whatever the keys are',
        expires: 4,
        grantLife: 3,
      },
    );
    const page = await launch('chromium');
    try {
      const file = path.join(folder, 'rotating.bin');
      const sha256 = await writeRandom(file, SIZE);
      const upload = await actDuringUpload(page, harness, file, async () => {
        await call(page, 'pause');
        // longer than any signature is valid
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        Object.assign(credentials, { accessKeyId: 'second-key', secretAccessKey: 'second-secret-0123456789' });
        await call(page, 'resume');
        // the store already has the new keys; the signer still has the old ones
        await page.waitFor("pageRecord.errors.some((error) => error.startsWith('signature-rejected'))");
        signerCredentials = { ...credentials };
      });
      assert.equal(upload.status, 'complete');
      await harness.stop();
      const after = await startHarness({ url: bucket.url, region: 'us-east-1', ...signerCredentials });
      assert.deepEqual(await after.s3.digest(BUCKET, upload.key!), { sha256, size: SIZE });
      await after.stop();
      const renewals = harness.signerCalls.filter(({ action }) => action === 'get_init_signature').length;
      assert.ok(renewals > 1, 'the grant was renewed');
      assert.equal(harness.proxy.count('create'), 1);
    } finally {
      await page.close();
      await bucket.close();
    }
  });
});
