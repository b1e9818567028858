import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryTracker, sweep } from '../../src/signer/index.js';
import type { SignerOptions } from '../../src/signer/index.js';
import { S3Client } from '../servers/s3-client.js';
import { CREDENTIALS, DAY_MS } from './caller.js';
import { createUpload, send, useBucket } from './use-bucket.js';

const bucket = useBucket();
const createBucketCaller = bucket.createCaller;

const optionsOf = (changes: Partial<SignerOptions>): SignerOptions => ({
  bucket: 'films',
  endpoint: bucket.url,
  credentials: CREDENTIALS,
  authorize: () => 'ada',
  ...changes,
});

describe('sweep', () => {
  it('aborts only uploads that have been inactive for days', async () => {
    let now = Date.now() - 9 * DAY_MS;
    const tracker = createMemoryTracker({ now: () => now });
    const options = optionsOf({ tracker });
    const caller = createBucketCaller({ tracker });
    const s3 = new S3Client({ url: bucket.url, region: 'us-east-1', ...CREDENTIALS });
    const trackUpload = async (reference: Awaited<ReturnType<typeof createUpload>>) => {
      await caller.call('chunk_loaded', { ...reference, chunks: [1], state: 'started' });
      return reference;
    };
    const old = await trackUpload(await createUpload(caller, 2));
    const gone = await trackUpload(await createUpload(caller, 3));
    await send(await caller.call('get_delete_signature', gone));
    now = Date.now();
    const recent = await trackUpload(await createUpload(caller, 4));
    assert.deepEqual(await sweep(options, { days: 10 }), { aborted: 0, gone: 0, failed: [], hasMore: false });
    const offline = { ...options, fetch: () => Promise.reject(new Error('down')) };
    assert.equal((await sweep(offline)).failed.length, 2);
    assert.deepEqual(await sweep(options), { aborted: 1, gone: 1, failed: [], hasMore: false });
    assert.deepEqual(await sweep(options), { aborted: 0, gone: 0, failed: [], hasMore: false });
    await assert.rejects(s3.listParts('films', old.key, old.upload_id), /NoSuchUpload/);
    assert.deepEqual(await s3.listParts('films', recent.key, recent.upload_id), []);
  });

  it('says that it reached its limit, and continues with others after those that it cannot abort', async () => {
    let now = Date.now() - 20 * DAY_MS;
    const tracker = createMemoryTracker({ now: () => now });
    const note = async (uploadId: string) => {
      const upload = { principal: 'p', bucket: 'films', key: uploadId, uploadId, size: 9, partSize: 5, begun: now };
      await tracker.note({ ...upload, checksum: null, marks: [] }, []);
      now += 1;
    };
    for (const uploadId of ['locked-1', 'locked-2', 'free-1', 'free-2', 'free-3']) await note(uploadId);
    const swept: string[] = [];
    const options = optionsOf({
      tracker,
      now: () => now,
      async fetch(url) {
        const { pathname } = new URL(url as string);
        swept.push(pathname.split('/').at(-1)!);
        return new Response(null, { status: pathname.includes('locked') ? 403 : 204 });
      },
    });
    now += 10 * DAY_MS;
    const first = await sweep(options, { limit: 2 });
    assert.deepEqual([first.aborted, first.failed.length, first.hasMore], [0, 2, true]);
    assert.deepEqual(await sweep(options, { limit: 2 }), { aborted: 2, gone: 0, failed: [], hasMore: true });
    // those that could not be aborted come last
    const last = await sweep(options, { limit: 2 });
    assert.deepEqual([last.aborted, last.failed.length, last.hasMore], [1, 1, true]);
    assert.deepEqual(swept.slice(0, 5), ['locked-1', 'locked-2', 'free-1', 'free-2', 'free-3']);
    const { failed, hasMore } = await sweep(options);
    assert.deepEqual([failed.map(({ key }) => key).sort(), hasMore], [['locked-1', 'locked-2'], false]);
  });

  it('ends no record of another store that has a bucket of the same name', async () => {
    let now = Date.now() - 9 * DAY_MS;
    const tracker = createMemoryTracker({ now: () => now });
    const options = optionsOf({ tracker });
    const caller = createBucketCaller({ tracker });
    const reference = await createUpload(caller, 2);
    await caller.call('chunk_loaded', { ...reference, chunks: [1], state: 'started' });
    now = Date.now();
    const calls: string[] = [];
    const fetch = async (url: string | URL | Request) => {
      calls.push(url instanceof Request ? url.url : String(url));
      return new Response(null, { status: 404 });
    };
    const nothing = { aborted: 0, gone: 0, failed: [], hasMore: false };
    for (const endpoint of ['https://other.example', undefined])
      assert.deepEqual(await sweep({ ...options, endpoint, fetch }), nothing);
    assert.deepEqual(calls, []);
    assert.equal((await sweep(options)).aborted, 1);
  });

  it('throws without a tracker, and for invalid days and limit', async () => {
    const options: SignerOptions = { bucket: 'films', credentials: CREDENTIALS, allowAnonymous: true };
    await assert.rejects(sweep(options), /option tracker/);
    for (const days of [0, -1, NaN, Infinity])
      await assert.rejects(sweep({ ...options, tracker: createMemoryTracker() }, { days }), /option days/);
    for (const limit of [0, 1.5, NaN, Infinity])
      await assert.rejects(sweep({ ...options, tracker: createMemoryTracker() }, { limit }), /option limit/);
  });
});
