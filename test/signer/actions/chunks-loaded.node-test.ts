import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChunkLoadedRequest } from '../../../src/protocol.js';
import { createMemoryTracker, verifyReceipt } from '../../../src/signer/index.js';
import type { StoredFile } from '../../../src/signer/index.js';
import type { AccessEntry } from '../../../src/signer/index.js';
import { createCaller, fileOf } from '../caller.js';
import type { Caller } from '../caller.js';
import { createUpload, PART_SIZE, SECRET, send, useBucket } from '../use-bucket.js';

const bucket = useBucket();
const createBucketCaller = bucket.createCaller;

/** Stores small files, and returns their notifications. */
async function storeFiles(caller: Caller, count: number): Promise<ChunkLoadedRequest[]> {
  const notifications: ChunkLoadedRequest[] = [];
  for (let index = 0; index < count; index += 1) {
    const { key, grant, put } = await caller.init({ filesize: 3 });
    await send(put!, 'abc');
    notifications.push({ key, grant, upload_id: '', chunks: [], state: 'complete' });
  }
  return notifications;
}

const codesOf = (uploads: object[]): (string | null)[] =>
  uploads.map((upload) => ('error' in upload ? (upload.error as { code: string }).code : null));

describe('chunks_loaded', () => {
  it('is offered together with chunk_loaded, and refused without it', async () => {
    const { actions } = await createBucketCaller({ receipts: true }).call('get_init_signature', { files: [fileOf()] });
    assert.deepEqual(actions!.slice(-2), ['chunk_loaded', 'chunks_loaded']);
    const withoutReceipts = createCaller();
    const { actions: fewerActions } = await withoutReceipts.call('get_init_signature', { files: [fileOf()] });
    assert.ok(!fewerActions!.includes('chunks_loaded'));
    assert.equal(await withoutReceipts.refusal('chunks_loaded', { uploads: [] }), '404 unknown-action');
  });

  it('confirms each object, in order, and returns their receipts', async () => {
    const completed: StoredFile[] = [];
    const caller = createBucketCaller({ receipts: true, onComplete: (object) => void completed.push(object) });
    const notifications = await storeFiles(caller, 3);
    const { uploads } = await caller.call('chunks_loaded', { uploads: notifications });
    const keys = await Promise.all(
      uploads.map(async (upload) => {
        const { receipt } = upload as { receipt: string };
        return (await verifyReceipt(receipt, { secret: SECRET, bucket: 'films', principal: 'ada' })).key;
      }),
    );
    assert.deepEqual(
      keys,
      notifications.map(({ key }) => key),
    );
    assert.deepEqual(completed.map(({ key }) => key).sort(), keys.toSorted());
  });

  it('refuses only the uploads that are invalid, not granted, not stored, of another user, or whose onComplete throws', async () => {
    const errors: unknown[] = [];
    const entries: AccessEntry[] = [];
    let failingKey = '';
    const caller = createBucketCaller({
      receipts: true,
      onComplete: ({ key }) => {
        if (key === failingKey) throw new Error('database down');
      },
      onError: (error) => void errors.push(error),
      log: (entry) => void entries.push(entry),
    });
    const [one, two, three] = await storeFiles(caller, 3);
    const notStored = await caller.init({ filesize: 3 });
    caller.user = 'bob';
    const [ofBob] = await storeFiles(caller, 1);
    caller.user = 'ada';
    failingKey = two!.key;
    const call = () =>
      caller.call('chunks_loaded', {
        uploads: [
          one!,
          { ...one!, chunks: 'x' } as never,
          { ...one!, key: three!.key },
          { ...one!, key: notStored.key, grant: notStored.grant },
          ofBob!,
          two!,
          three!,
        ],
      });
    const codes = [null, 'invalid-request', 'key-mismatch', 'not-stored', 'principal-mismatch'];
    assert.deepEqual(codesOf((await call()).uploads), [...codes, 'internal', null]);
    assert.deepEqual(errors.map(String), ['Error: database down']);
    assert.deepEqual(entries.at(-1)!.refused, [...codes.slice(1), 'internal']);
    failingKey = '';
    assert.deepEqual(codesOf((await call()).uploads), [...codes, null, null]);
  });

  it('records stored parts and the end of uploads in the tracker', async () => {
    const caller = createBucketCaller({ tracker: createMemoryTracker() });
    const [one, two] = [await createUpload(caller, 11), await createUpload(caller, 12)];
    const uploads = [one, two].map((reference): ChunkLoadedRequest => ({ ...reference, chunks: [1] }));
    assert.deepEqual(await caller.call('chunks_loaded', { uploads }), { uploads: [{}, {}] });
    const found = await caller.init({ filesize: PART_SIZE + 1, last_modified: 12 });
    assert.deepEqual([found.upload_id, found.chunks], [two.upload_id, [1]]);
    await caller.call('chunks_loaded', { uploads: [{ ...two, chunks: [], state: 'aborted' }, uploads[0]!] });
    assert.equal((await caller.init({ filesize: PART_SIZE + 1, last_modified: 12 })).upload_id, undefined);
    assert.equal((await caller.init({ filesize: PART_SIZE + 1, last_modified: 11 })).upload_id, one.upload_id);
  });

  it('refuses a call without a list, without a valid upload, or with more than 500 uploads', async (t) => {
    // on a slow machine, the signer would stop waiting for the store during 500 HEAD requests
    t.mock.method(performance, 'now', () => 0);
    const caller = createBucketCaller({ receipts: true });
    const [notification] = await storeFiles(caller, 1);
    for (const uploads of [undefined, [], {}, 'x', [1], [{}], [{ ...notification, key: 7 }]])
      assert.equal(await caller.refusal('chunks_loaded', { uploads }), '400 invalid-request', JSON.stringify(uploads));
    const repeated = (count: number) => ({ uploads: Array.from({ length: count }, () => notification!) });
    assert.equal(await caller.refusal('chunks_loaded', repeated(501)), '413 too-many');
    assert.deepEqual(codesOf((await caller.call('chunks_loaded', repeated(500))).uploads), Array(500).fill(null));
  });

  it('sends at most 16 HEAD requests at a time', async () => {
    let inFlight = 0;
    let maxInFlight = 0;
    const caller = createBucketCaller({
      receipts: true,
      fetch: async (...request) => {
        maxInFlight = Math.max(maxInFlight, ++inFlight);
        try {
          return await fetch(...request);
        } finally {
          inFlight -= 1;
        }
      },
    });
    const [notification] = await storeFiles(caller, 1);
    await caller.call('chunks_loaded', { uploads: Array.from({ length: 60 }, () => notification!) });
    assert.equal(maxInFlight, 16);
  });

  it('does not wait for a store that never responds longer than for one object', async (t) => {
    let requests = 0;
    let waitedMs = 0;
    const realNow = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => realNow() + waitedMs);
    const caller = createBucketCaller({
      receipts: true,
      fetch: () => {
        requests += 1;
        waitedMs = 11_000;
        return Promise.reject(new Error('timed out'));
      },
    });
    const { key, grant } = await caller.init({ filesize: 3 });
    const notification: ChunkLoadedRequest = { key, grant, upload_id: '', chunks: [], state: 'complete' };
    const { uploads } = await caller.call('chunks_loaded', { uploads: Array.from({ length: 60 }, () => notification) });
    assert.deepEqual(codesOf(uploads), Array(60).fill('store-silent'));
    assert.ok(requests <= 16, `${requests}`);
  });
});
