import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryTracker } from '../../../src/signer/tracker/memory-tracker.js';
import type { Action } from '../../../src/protocol.js';
import { createCaller, DAY_MS, queryOf } from '../caller.js';
import type { Caller } from '../caller.js';

const SIZE = 100e6;
const PART = 8 * 1024 ** 2;
const LAST_PART = SIZE - 11 * PART;

async function startUpload(caller: Caller = createCaller()) {
  const { key, grant } = await caller.init({ filesize: SIZE });
  return { caller, reference: { key, grant, upload_id: 'up/load+id' } };
}

/** Returns a valid request of every action that follows init. */
const requestsOf = (reference: { key: string; grant: string; upload_id: string }): [Action, object][] => [
  ['get_chunk_signature', { ...reference, chunk: 12, size: LAST_PART }],
  ['get_list_signature', reference],
  ['get_end_signature', { ...reference, size: SIZE }],
  ['get_delete_signature', reference],
  ['get_head_signature', { key: reference.key, grant: reference.grant }],
  ['get_all_signatures', { ...reference, size: SIZE, part_size: PART, chunks: [1, 12] }],
  ['chunk_loaded', { ...reference, chunks: [1] }],
];

describe('actions', () => {
  it('sign UploadPart, ListParts, CompleteMultipartUpload, AbortMultipartUpload and HeadObject for the granted key', async () => {
    const { caller, reference } = await startUpload();
    const signed: Record<string, unknown> = {};
    for (const [action, body] of requestsOf(reference).slice(0, 5)) {
      const { method, url, time, expires, headers } = (await caller.call(action, body as never)) as {
        method: string;
        url: string;
        time: number;
        expires: number;
        headers?: object;
      };
      const { partNumber, uploadId } = queryOf(url);
      assert.equal(new URL(url).pathname, `/bucket/${reference.key}`);
      assert.equal(time, caller.now);
      assert.ok(expires > time);
      // with this header, HEAD returns the checksums of the object
      assert.deepEqual(headers, action === 'get_head_signature' ? { 'x-amz-checksum-mode': 'ENABLED' } : undefined);
      signed[action] = [method, partNumber, uploadId];
    }
    assert.deepEqual(signed, {
      get_chunk_signature: ['PUT', '12', 'up/load+id'],
      get_list_signature: ['GET', undefined, 'up/load+id'],
      get_end_signature: ['POST', undefined, 'up/load+id'],
      get_delete_signature: ['DELETE', undefined, 'up/load+id'],
      get_head_signature: ['HEAD', undefined, undefined],
    });
  });

  it('sign the next page of ListParts', async () => {
    const { caller, reference } = await startUpload();
    const { url } = await caller.call('get_list_signature', { ...reference, part_number_marker: 1_000 });
    assert.equal(queryOf(url)['part-number-marker'], '1000');
  });

  it('sign all requests for several parts in one call, with the same URLs as single calls', async () => {
    const { caller, reference } = await startUpload();
    const all = await caller.call('get_all_signatures', {
      ...reference,
      size: SIZE,
      part_size: PART,
      chunks: [12, 1, 1],
    });
    assert.deepEqual(Object.keys(all.chunks), ['1', '12']);
    const single = await caller.call('get_chunk_signature', { ...reference, chunk: 12, size: LAST_PART });
    assert.equal(all.chunks['12'], single.url);
    assert.equal(all.expires, single.expires);
    assert.equal(
      (all.end as { url: string }).url,
      (await caller.call('get_end_signature', { ...reference, size: SIZE })).url,
    );
    assert.equal((all.list as { method: string }).method, 'GET');
    assert.equal((all.delete as { method: string }).method, 'DELETE');
    assert.equal((all.head as { method: string }).method, 'HEAD');
  });

  it('sign up to 1,000 parts a call', async () => {
    const caller = createCaller();
    const filesize = 9_000 * PART;
    const { key, grant } = await caller.init({ filesize });
    const chunks = Array.from({ length: 1_000 }, (_, index) => 8_001 + index);
    const request = { key, grant, upload_id: 'u', size: filesize, part_size: PART, chunks };
    assert.equal(Object.keys((await caller.call('get_all_signatures', request)).chunks).length, 1_000);
    assert.equal(await caller.refusal('get_all_signatures', { ...request, chunks: [...chunks, 1] }), '413 too-many');
  });

  it('refuse a part that the file does not have, and a part of another length', async () => {
    const { caller, reference } = await startUpload();
    const chunk = (number: unknown, size: unknown) =>
      caller.refusal('get_chunk_signature', { ...reference, chunk: number, size });
    assert.equal(await chunk(13, LAST_PART), '400 no-such-chunk');
    assert.equal(await chunk(12, LAST_PART + 1), '400 size-mismatch');
    assert.equal(await chunk(12, PART), '400 size-mismatch');
    assert.equal(await chunk(1, 5 * 1024 ** 3), '400 size-mismatch');
    for (const number of [0, -1, 1.5, '1', 10_001, null, undefined])
      assert.equal(await chunk(number, PART), '400 invalid-request');
    const all = (change: object) =>
      caller.refusal('get_all_signatures', { ...reference, size: SIZE, part_size: PART, chunks: [1], ...change });
    assert.equal(await all({ chunks: [1, 13] }), '400 no-such-chunk');
    assert.equal(await all({ size: SIZE + 1 }), '400 size-mismatch');
    assert.equal(await all({ part_size: PART - 1 }), '400 part-size-mismatch');
    assert.equal(await caller.refusal('get_end_signature', { ...reference, size: SIZE - 1 }), '400 size-mismatch');
  });

  it('refuse a grant of another key or user, and one that is forged or missing', async () => {
    const { caller, reference } = await startUpload(createCaller({ tracker: createMemoryTracker() }));
    const { key } = await caller.init();
    for (const [action, body] of requestsOf(reference)) {
      assert.equal(await caller.refusal(action, { ...body, key }), '403 key-mismatch', action);
      assert.equal(await caller.refusal(action, { ...body, grant: undefined }), '403 grant-required', action);
      assert.equal(await caller.refusal(action, { ...body, grant: 'AAAAAAAA.e30.AAAA' }), '403 grant-invalid', action);
      caller.user = 'bob';
      assert.equal(await caller.refusal(action, body), '403 principal-mismatch', action);
      caller.user = null;
      assert.equal(await caller.refusal(action, body), '401 unauthorized', action);
      caller.user = 'ada';
      await caller.call(action, body as never);
    }
  });

  it('refuse an expired grant with the code that makes the browser renew it', async () => {
    const { caller, reference } = await startUpload(createCaller({ tracker: createMemoryTracker() }));
    caller.now += 7 * DAY_MS + 1;
    for (const [action, body] of requestsOf(reference))
      assert.equal(await caller.refusal(action, body), '403 grant-expired', action);
  });

  it('refuse notifications without a tracker', async () => {
    const { caller, reference } = await startUpload();
    assert.equal(await caller.refusal('chunk_loaded', { ...reference, chunks: [1] }), '404 unknown-action');
  });

  it('accept notifications of parts with 204, and refuse parts that the file does not have', async () => {
    const { caller, reference } = await startUpload(createCaller({ tracker: createMemoryTracker() }));
    assert.equal((await caller.post('chunk_loaded', { ...reference, chunks: [1, 2, 12] })).status, 204);
    assert.equal(await caller.refusal('chunk_loaded', { ...reference, chunks: [13] }), '400 no-such-chunk');
    assert.equal(
      await caller.refusal('chunk_loaded', { ...reference, chunks: [1], state: 'odd' }),
      '400 invalid-request',
    );
  });
});
