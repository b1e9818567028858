/** Tests that every tracker must pass, with any storage. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CLAIM_TIMEOUT_MS, MAX_UPLOADS_PER_KEY } from '../../../src/signer/tracker/tracker.js';
import type { TrackedUpload, Tracker } from '../../../src/signer/tracker/tracker.js';

export const uploadOf = (upload: Partial<TrackedUpload> = {}): TrackedUpload => ({
  principal: 'p',
  bucket: 'b',
  key: 'k',
  uploadId: 'u',
  size: 100,
  partSize: 10,
  checksum: 'crc64nvme',
  begun: 1,
  marks: ['m', 'n'],
  ...upload,
});

/** @param createTracker returns an empty tracker that reads the time by `now` */
export function testTracker(createTracker: (now: () => number) => Promise<Required<Tracker>>): void {
  it('finds an upload by any of its marks, with parts recorded in any order and repeatedly', async () => {
    const tracker = await createTracker(() => 1);
    await tracker.note(uploadOf(), []);
    await tracker.note(uploadOf(), [9, 3, 1]);
    await tracker.note(uploadOf(), [2, 3, 5]);
    assert.deepEqual(await tracker.find('p', ['x', 'n']), { ...uploadOf(), chunks: [1, 2, 3, 5, 9] });
    assert.equal(await tracker.find('p', ['x']), null);
    assert.equal(await tracker.find('p', []), null);
  });

  it('returns no upload of another principal', async () => {
    const tracker = await createTracker(() => 1);
    await tracker.note(uploadOf(), [1]);
    await tracker.forget('q', 'u');
    assert.equal(await tracker.find('q', ['m']), null);
    assert.ok(await tracker.find('p', ['m']));
  });

  it('finds the newest of several uploads, and the older one after that is removed', async () => {
    const tracker = await createTracker(() => 1);
    await tracker.note(uploadOf({ uploadId: 'new', begun: 2 }), []);
    await tracker.note(uploadOf({ uploadId: 'old' }), []);
    assert.equal((await tracker.find('p', ['m']))?.uploadId, 'new');
    await tracker.forget('p', 'new');
    assert.equal((await tracker.find('p', ['m']))?.uploadId, 'old');
  });

  it('stores all 10,000 parts, recorded one at a time or together, and sizes above 32 bits', async () => {
    const tracker = await createTracker(() => 1);
    const upload = uploadOf({ size: 50e12, partSize: 5e9, begun: Date.UTC(2040, 1) });
    for (let chunk = 1; chunk <= 300; chunk += 1) await tracker.note(upload, [chunk]);
    await tracker.note(
      upload,
      Array.from({ length: 10_000 }, (_, index) => 10_000 - index),
    );
    const found = await tracker.find('p', ['m']);
    assert.deepEqual({ ...found, chunks: found?.chunks.length }, { ...upload, chunks: 10_000 });
  });

  it('keeps an ended upload ended if a notification of a part arrives later', async () => {
    for (const ending of ['complete', 'aborted'] as const) {
      const tracker = await createTracker(() => 1);
      await tracker.note(uploadOf(), [1]);
      await tracker.forget('p', 'u', ending);
      await tracker.note(uploadOf(), [2]);
      assert.equal(await tracker.find('p', ['m']), null);
    }
  });

  it('lists inactive uploads of one bucket, the longest inactive first, and removes ended ones', async () => {
    let now = 1_000;
    const tracker = await createTracker(() => now);
    for (const uploadId of ['first', 'ended', 'touched', 'second']) {
      await tracker.note(uploadOf({ uploadId, marks: [uploadId] }), []);
      now += 1;
    }
    await tracker.note(uploadOf({ uploadId: 'other', bucket: 'c' }), []);
    await tracker.forget('p', 'ended');
    now = 5_000;
    await tracker.note(uploadOf({ uploadId: 'touched', marks: ['touched'] }), [1]);
    const stale = await tracker.stale('b', 2_000, 10);
    assert.deepEqual(
      stale,
      ['first', 'second'].map((uploadId) => uploadOf({ uploadId, marks: [uploadId] })),
    );
    assert.deepEqual(
      (await tracker.stale('b', 2_000, 1)).map(({ uploadId }) => uploadId),
      ['first'],
    );
    assert.deepEqual(await tracker.stale('c', 1_000, 10), []);
    // ended uploads are removed: an upload with the same ID counts as new
    await tracker.note(uploadOf({ uploadId: 'ended' }), []);
    assert.ok(await tracker.find('p', ['m']));
  });

  it('lists an upload only for the store that its bucket belongs to, and one without a store for every store', async () => {
    let now = 1_000;
    const tracker = await createTracker(() => now);
    const stores = ['amazon', 'https://store.example:9000/s3', undefined];
    const inStore = (store: string | undefined) =>
      uploadOf({
        uploadId: store ?? 'earlier',
        key: store ?? 'earlier',
        marks: [store ?? 'earlier'],
        ...(store && { store }),
      });
    for (const store of stores) {
      await tracker.note(inStore(store), [1]);
      await tracker.forget('p', `ended at ${store}`, 'complete', { ...inStore(store), uploadId: `ended at ${store}` });
    }
    const listFor = async (store?: string) =>
      (await tracker.stale('b', now, 10, store)).map(({ uploadId }) => uploadId);
    now = 2_000;
    assert.deepEqual((await listFor('amazon')).sort(), ['amazon', 'earlier']);
    assert.deepEqual((await listFor(stores[1])).sort(), ['earlier', stores[1]]);
    assert.deepEqual(await listFor('https://other.example'), ['earlier']);
    assert.deepEqual(await tracker.find('p', ['amazon']), { ...inStore('amazon'), chunks: [1] });
    // its next notification names the store
    await tracker.note({ ...inStore(undefined), store: 'amazon' }, [2]);
    now = 3_000;
    assert.deepEqual(await listFor('https://other.example'), []);
    assert.ok((await listFor('amazon')).includes('earlier'));
  });

  it('keeps an ended upload ended if all its notifications arrive later, or never', async () => {
    for (const ending of ['complete', 'aborted'] as const) {
      let now = 1_000;
      const tracker = await createTracker(() => now);
      await tracker.forget('p', 'u', ending, uploadOf());
      await tracker.forget('p', 'unknown', ending);
      for (const uploadId of ['u', 'unknown']) {
        await tracker.note(uploadOf({ uploadId }), []);
        await tracker.note(uploadOf({ uploadId }), [1, 2]);
        await tracker.touch('p', uploadId);
        await tracker.forget('p', uploadId, ending);
      }
      assert.equal(await tracker.find('p', ['m']), null);
      now = 5_000;
      assert.deepEqual(await tracker.stale('b', 5_000, 10), []);
    }
  });

  it('treats find, note and touch as activity, and ignores touch for an unknown upload', async () => {
    let now = 1_000;
    const tracker = await createTracker(() => now);
    for (const mark of ['found', 'noted', 'touched', 'inactive'])
      await tracker.note(uploadOf({ uploadId: mark, key: mark, marks: [mark] }), []);
    now = 3_000;
    await tracker.find('p', ['found']);
    await tracker.note(uploadOf({ uploadId: 'noted', key: 'noted', marks: ['noted'] }), [1]);
    await tracker.touch('p', 'touched');
    await tracker.touch('p', 'invented');
    await tracker.touch('q', 'inactive');
    assert.deepEqual(
      (await tracker.stale('b', 2_000, 10)).map(({ uploadId }) => uploadId),
      ['inactive'],
    );
  });

  it('lets one sweep claim an upload, and only if no notification has arrived since the given time', async () => {
    let now = 1_000;
    const tracker = await createTracker(() => now);
    await tracker.note(uploadOf(), [1]);
    assert.equal(await tracker.claim('p', 'u', 1_000), false, 'a notification arrived at that time');
    assert.equal(await tracker.claim('p', 'invented', 2_000), false);
    assert.equal(await tracker.claim('q', 'u', 2_000), false);
    assert.equal(await tracker.claim('p', 'u', 2_000), true);
    assert.equal(await tracker.claim('p', 'u', 2_000), false, 'another sweep has claimed it');
    assert.equal(await tracker.find('p', ['m']), null);
    await tracker.note(uploadOf(), [2]);
    await tracker.touch('p', 'u');
    assert.equal(await tracker.find('p', ['m']), null, 'no notification makes it findable again');
    // the abort at the store has failed
    await tracker.release('p', 'u', 2_000);
    assert.deepEqual((await tracker.stale('b', 2_000, 10)).length, 1);
    assert.deepEqual((await tracker.find('p', ['m']))?.chunks, [1]);
    // another sweep claims the upload, and ends without a result
    now = 3_000;
    assert.equal(await tracker.claim('p', 'u', 4_000), true);
    assert.deepEqual(await tracker.stale('b', 4_000, 10), []);
    now = 3_001 + CLAIM_TIMEOUT_MS;
    assert.equal((await tracker.stale('b', 4_000, 10)).length, 1);
    assert.equal(await tracker.claim('p', 'u', 4_000), true);
    await tracker.forget('p', 'u', 'aborted');
    assert.equal(await tracker.find('p', ['m']), null);
    await tracker.release('p', 'u', 4_000);
    assert.equal(await tracker.find('p', ['m']), null, 'an ended upload cannot be released');
  });

  it('limits the uploads of one key, started or ended, and keeps all uploads of other keys', async () => {
    let now = 1_000;
    const tracker = await createTracker(() => now);
    await tracker.note(uploadOf({ principal: 'victim', uploadId: 'v' }), [1]);
    await tracker.note(uploadOf({ uploadId: 'other', key: 'other', marks: ['other'] }), [1]);
    for (let index = 0; index < 5 * MAX_UPLOADS_PER_KEY; index += 1) {
      now += 1;
      await tracker.note(uploadOf({ uploadId: `invented-${index}` }), [1]);
      await tracker.forget('p', `ended-${index}`, 'aborted', uploadOf({ uploadId: `ended-${index}` }));
      await tracker.forget('p', `unknown-${index}`);
    }
    const kept = await tracker.stale('b', now + 1, 1_000);
    assert.ok(kept.length <= MAX_UPLOADS_PER_KEY + 2, `${kept.length} are kept`);
    assert.deepEqual((await tracker.find('victim', ['m']))?.chunks, [1]);
    assert.deepEqual((await tracker.find('p', ['other']))?.chunks, [1]);
  });
}
