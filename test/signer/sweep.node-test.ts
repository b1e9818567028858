import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryTracker, sweep } from '../../src/signer/index.js';
import type { SignerOptions } from '../../src/signer/index.js';
import { S3Client } from '../servers/s3-client.js';
import { CREDENTIALS, DAY_MS } from './caller.js';
import { createUpload, send, useBucket } from './use-bucket.js';

const bucket = useBucket();
const createBucketCaller = bucket.createCaller;

describe('sweep', () => {
  it('aborts only uploads that have been inactive for days', async () => {
    let now = Date.now() - 9 * DAY_MS;
    const tracker = createMemoryTracker({ now: () => now });
    const options: SignerOptions = {
      bucket: 'films',
      endpoint: bucket.url,
      credentials: CREDENTIALS,
      authorize: () => 'ada',
      tracker,
    };
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
    assert.deepEqual(await sweep(options, { days: 10 }), { aborted: 0, gone: 0, failed: [] });
    const offline = { ...options, fetch: () => Promise.reject(new Error('down')) };
    assert.equal((await sweep(offline)).failed.length, 2);
    assert.deepEqual(await sweep(options), { aborted: 1, gone: 1, failed: [] });
    assert.deepEqual(await sweep(options), { aborted: 0, gone: 0, failed: [] });
    await assert.rejects(s3.listParts('films', old.key, old.upload_id), /NoSuchUpload/);
    assert.deepEqual(await s3.listParts('films', recent.key, recent.upload_id), []);
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
