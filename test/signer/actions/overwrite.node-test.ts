import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBucket } from '../../../demo/bucket/index.js';
import type { RunningBucket } from '../../../demo/bucket/index.js';
import type { SignedRequest } from '../../../src/protocol.js';
import { createCaller, CREDENTIALS, queryOf } from '../caller.js';
import type { Caller } from '../caller.js';

const PART = 5 * 1024 ** 2;
const send = async ({ method, url, headers = {} }: SignedRequest, body?: BodyInit) => {
  const response = await fetch(url, { method, headers, body });
  return { status: response.status, text: await response.text(), etag: response.headers.get('etag') };
};

describe('a policy that forbids overwriting', () => {
  let dir: string;
  let bucket: RunningBucket;
  let caller: Caller;
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'mule-overwrite-'));
    bucket = await startBucket({ dir, buckets: ['films'], credentials: CREDENTIALS });
    caller = createCaller({
      bucket: 'films',
      endpoint: bucket.url,
      now: () => Date.now(),
      policy: { partSize: PART, overwrite: false, key: ({ filename }) => `fixed/${filename}` },
    });
  });
  after(async () => {
    await bucket.close();
    await rm(dir, { recursive: true });
  });

  it('creates an object by PUT only once, even with several signed requests', async () => {
    const { put, key, grant } = await caller.init({ filesize: 3, filename: 'small' });
    assert.deepEqual(put!.headers, { 'content-type': 'video/mp4', 'if-none-match': '*' });
    assert.equal((await send(put!, new Uint8Array(3))).status, 200);
    assert.equal((await send(put!, new Uint8Array(3).fill(7))).status, 412);
    const renewed = await caller.init({ filesize: 3, filename: 'small', key, grant });
    assert.equal((await send(renewed.put!, new Uint8Array(3).fill(7))).status, 412);
    const { method, url } = put!;
    assert.equal(
      (await send({ method, url, headers: { 'content-type': 'video/mp4' } }, new Uint8Array(3))).status,
      403,
    );
  });

  it('creates an object of parts only once, because the store rejects a second Complete', async () => {
    const uploadAndComplete = async () => {
      const { init, key, grant } = await caller.init({ filesize: PART + 1, filename: 'big' });
      const upload_id = /<UploadId>([^<]+)/.exec((await send(init!)).text)![1]!;
      const request = { key, grant, upload_id, size: PART + 1, part_size: PART, chunks: [1, 2] };
      const all = await caller.call('get_all_signatures', request);
      const parts = [];
      for (const [number, size] of [PART, 1].entries()) {
        const url = all.chunks[number + 1] as string;
        const { etag } = await send({ method: 'PUT', url }, new Uint8Array(size));
        parts.push(`<Part><PartNumber>${number + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
      }
      const single = await caller.call('get_end_signature', { key, grant, upload_id, size: PART + 1 });
      assert.deepEqual(single.headers, { 'if-none-match': '*' });
      const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
      return (await send(all.end as SignedRequest, new Blob([body]))).status;
    };
    assert.equal(await uploadAndComplete(), 200);
    assert.equal(await uploadAndComplete(), 412);
  });

  it("is the default at Amazon's store, which supports the condition, and optional elsewhere", async () => {
    const isConditional = async (options: object) => {
      const { put } = await createCaller(options).init({ filesize: 1 });
      const isSigned = queryOf(put!.url)['X-Amz-SignedHeaders']!.includes('if-none-match');
      assert.equal(put!.headers!['if-none-match'] === '*', isSigned);
      return isSigned;
    };
    assert.equal(await isConditional({ endpoint: undefined }), true);
    assert.equal(await isConditional({ endpoint: 'https://s3-fips.us-east-1.amazonaws.com' }), true);
    assert.equal(await isConditional({ endpoint: undefined, policy: { overwrite: true } }), false);
    assert.equal(await isConditional({}), false);
    assert.equal(await isConditional({ policy: { overwrite: false } }), true);
  });
});
