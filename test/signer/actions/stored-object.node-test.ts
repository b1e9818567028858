import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChunkLoadedAnswer, ChunkLoadedRequest, SignedRequest } from '../../../src/protocol.js';
import { createMemoryTracker, verifyReceipt } from '../../../src/signer/index.js';
import type { ReceiptExpectations, SignerOptions, StoredFile } from '../../../src/signer/index.js';
import { createSeal } from '../../../src/signer/grants/seal.js';
import { S3Client } from '../../servers/s3-client.js';
import { CREDENTIALS, DAY_MS, fileOf } from '../caller.js';
import type { Caller } from '../caller.js';
import { createUpload, PART_SIZE, SECRET, send, useBucket } from '../use-bucket.js';

const bucket = useBucket();
const createBucketCaller = bucket.createCaller;

/** Uploads a file of two parts. */
async function sendParts(caller: Caller) {
  const reference = await createUpload(caller);
  const all = await caller.call('get_all_signatures', {
    ...reference,
    size: PART_SIZE + 1,
    part_size: PART_SIZE,
    chunks: [1, 2],
  });
  const parts: string[] = [];
  for (const [index, size] of [PART_SIZE, 1].entries()) {
    const { etag } = await send({ method: 'PUT', url: all.chunks[index + 1] as string }, new Uint8Array(size));
    parts.push(`<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
  }
  const finish = () =>
    send(all.end as SignedRequest, new Blob([`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`]));
  return { reference, finish };
}

describe('a complete upload', () => {
  it('is passed to onComplete with its principal, after the store has the object', async () => {
    const completed: { object: StoredFile; principal: string | null }[] = [];
    const caller = createBucketCaller({
      onComplete: (object, principal) => void completed.push({ object, principal }),
      tracker: createMemoryTracker(),
    });
    const { reference, finish } = await sendParts(caller);
    const notification: ChunkLoadedRequest = { ...reference, chunks: [1, 2], state: 'complete' };
    assert.equal(await caller.refusal('chunk_loaded', notification), '409 not-stored');
    assert.equal(completed.length, 0);
    await finish();
    assert.equal((await caller.post('chunk_loaded', notification)).status, 204);
    assert.equal(completed.length, 1);
    const { object, principal } = completed[0]!;
    assert.match(object.etag, /^[0-9a-f]{32}-2$/);
    assert.deepEqual(
      { ...object, etag: '', principal },
      {
        bucket: 'films',
        key: reference.key,
        size: PART_SIZE + 1,
        etag: '',
        contentType: 'video/mp4',
        uploadId: reference.upload_id,
        principal: 'ada',
      },
    );
    assert.equal(
      (await caller.init({ filesize: PART_SIZE + 1 })).upload_id,
      undefined,
      'the tracker no longer lists the upload',
    );
  });

  it('is reported because init requests notifications, even for files of one request', async () => {
    for (const policy of [{}, { posts: true }]) {
      const caller = createBucketCaller({ receipts: true, policy });
      const { actions } = await caller.call('get_init_signature', { files: [fileOf()] });
      assert.ok(actions!.includes('chunk_loaded'));
      assert.equal((await caller.init({ filesize: 3 })).tracked, true);
    }
  });

  it('returns a receipt that a backend can verify', async () => {
    const caller = createBucketCaller({ receipts: true });
    const { key, grant, put } = await caller.init({ filesize: 3 });
    await send(put!, 'abc');
    const notification: ChunkLoadedRequest = { key, grant, upload_id: '', chunks: [], state: 'complete' };
    const { receipt } = (await caller.call('chunk_loaded', notification)) as Required<ChunkLoadedAnswer>;
    const expected = { secret: ['another secret of sixteen', SECRET], bucket: 'films' };
    for (const expectedPrincipal of [{ principal: 'ada' }, {}]) {
      const read = await verifyReceipt(receipt, { ...expected, ...expectedPrincipal });
      assert.equal(read.key, key);
      assert.equal(read.size, 3);
      assert.equal(read.etag, '900150983cd24fb0d6963f7d28e17f72');
      assert.equal(read.contentType, 'video/mp4');
    }
    const codeOf = (receipt: string, change: object) =>
      verifyReceipt(receipt, { ...expected, ...change }).then(
        () => 'good',
        (error: { code: string }) => error.code,
      );
    assert.equal(await codeOf(receipt, { principal: 'bob' }), 'principal');
    assert.equal(await codeOf(receipt, { principal: null }), 'principal');
    await assert.rejects(verifyReceipt(receipt, { ...expected, principal: undefined }), /option principal: undefined/);
    assert.equal(await codeOf(receipt, { secret: 'a secret that is not it' }), 'retired');
    assert.equal(await codeOf(receipt, { bucket: 'other' }), 'forged');
    assert.equal(await codeOf(receipt, { now: () => Date.now() + DAY_MS + 1_000 }), 'expired');
    assert.equal(await codeOf(grant, {}), 'forged', 'a grant is not a receipt');
    assert.equal(await codeOf(`${receipt.slice(0, -2)}AA`, {}), 'forged');
    assert.equal(await codeOf('', {}), 'forged');
    assert.equal(await caller.refusal('get_head_signature', { key, grant: receipt }), '403 grant-invalid');
  });

  it('returns a receipt that is verified only with the name, endpoint and region of its signer', async () => {
    const receiptOf = async (options: Partial<SignerOptions>) => {
      const caller = createBucketCaller({ receipts: true, ...options });
      const { key, grant, put } = await caller.init({ filesize: 3 });
      await send(put!, 'abc');
      const notification: ChunkLoadedRequest = { key, grant, upload_id: '', chunks: [], state: 'complete' };
      return ((await caller.call('chunk_loaded', notification)) as Required<ChunkLoadedAnswer>).receipt;
    };
    const codeOf = (receipt: string, change: object) =>
      verifyReceipt(receipt, { secret: SECRET, bucket: 'films', ...change }).then(
        () => 'good',
        (error: { code: string }) => error.code,
      );
    const ofNamedSigner = await receiptOf({ name: 'films' });
    const ofUnnamedSigner = await receiptOf({});
    assert.equal(await codeOf(ofNamedSigner, { name: 'films' }), 'good');
    assert.equal(await codeOf(ofNamedSigner, {}), 'audience');
    assert.equal(await codeOf(ofNamedSigner, { name: 'avatars' }), 'audience');
    assert.equal(await codeOf(ofUnnamedSigner, { name: 'films' }), 'audience');
    assert.equal(await codeOf(ofUnnamedSigner, { endpoint: `${bucket.url}/`, region: 'us-east-1' }), 'good');
    assert.equal(await codeOf(ofUnnamedSigner, { endpoint: 'https://s3.amazonaws.com' }), 'audience');
    assert.equal(await codeOf(ofUnnamedSigner, { region: 'eu-west-1' }), 'audience');
    // a receipt of release 0.1.0, which did not name the signer
    const { seal } = createSeal([SECRET], 'mule-upload receipt 1\nfilms');
    const old = await seal({ key: 'k', size: 3, etag: 'e', contentType: '', principal: null, time: Date.now() });
    assert.deepEqual([await codeOf(old, {}), await codeOf(old, { name: 'films' })], ['good', 'audience']);
    assert.deepEqual(
      Object.keys(await verifyReceipt(ofNamedSigner, { secret: SECRET, bucket: 'films', name: 'films' })),
      ['key', 'size', 'etag', 'contentType', 'principal', 'time'],
    );
  });

  it('has a receipt that is not verified with invalid options', async () => {
    const { seal } = createSeal([SECRET], 'mule-upload receipt 1\nfilms');
    const receipt = await seal({ key: 'k', size: 3, etag: 'e', contentType: '', principal: null, time: 1 });
    const valid = { secret: SECRET as unknown, bucket: 'films' as unknown };
    for (const secret of [undefined, null, '', [], [''], [undefined], 'short', [SECRET, 'short'], 7, {}]) {
      await assert.rejects(
        verifyReceipt(receipt, { ...valid, secret } as ReceiptExpectations),
        (error: Error) => error instanceof TypeError && /^option secret: expected a string/.test(error.message),
        JSON.stringify(secret),
      );
    }
    for (const maxAge of [NaN, Infinity, -Infinity, -1, 0, '60', null, [60]]) {
      await assert.rejects(
        verifyReceipt(receipt, { ...valid, maxAge } as ReceiptExpectations),
        /^OptionError: option maxAge: /,
      );
    }
    for (const change of [
      { bucket: undefined },
      { bucket: '' },
      { name: '' },
      { endpoint: '' },
      { region: '' },
      { now: () => NaN },
      { principal: '' },
      { principal: 2 ** 53 },
      { principal: NaN },
      { principal: {} },
    ]) {
      const [name] = Object.keys(change);
      const expectations = { ...valid, ...change } as ReceiptExpectations;
      await assert.rejects(verifyReceipt(receipt, expectations), new RegExp(`^OptionError: option ${name}: `));
    }
    const hintAtVariable = /is the environment variable SIGNER_SECRET set\?$/;
    await assert.rejects(
      verifyReceipt(receipt, { ...valid, secret: undefined } as unknown as ReceiptExpectations),
      hintAtVariable,
    );
  });

  it('is refused if the stored size differs from the granted one', async () => {
    const caller = createBucketCaller({ receipts: true });
    const { key, grant } = await caller.init({ filesize: 3 });
    const s3 = new S3Client({ url: bucket.url, region: 'us-east-1', ...CREDENTIALS });
    await s3.put('films', key, Buffer.from('abcd'));
    const notification = { key, grant, upload_id: '', chunks: [], state: 'complete' };
    assert.equal(await caller.refusal('chunk_loaded', notification), '409 size-mismatch');
  });

  it('is retried if the store does not answer or onComplete throws', async () => {
    const withoutStore = createBucketCaller({ receipts: true, fetch: () => Promise.reject(new Error('down')) });
    const granted = await withoutStore.init({ filesize: 3 });
    const notification = { key: granted.key, grant: granted.grant, upload_id: '', chunks: [], state: 'complete' };
    const response = await withoutStore.post('chunk_loaded', notification);
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '5']);
    let calls = 0;
    const throwsOnce = createBucketCaller({
      onError: () => undefined,
      onComplete: () => {
        calls += 1;
        if (calls === 1) throw new Error('database down');
      },
    });
    await send(granted.put!, 'abc');
    assert.equal((await throwsOnce.post('chunk_loaded', notification)).status, 500);
    assert.equal((await throwsOnce.post('chunk_loaded', notification)).status, 204);
    assert.equal(calls, 2);
  });

  it('has no upload ID if it was sent in a single request, even if the caller invents one', async () => {
    const uploadIds: (string | null)[] = [];
    const noted: string[] = [];
    const memoryTracker = createMemoryTracker();
    const caller = createBucketCaller({
      onComplete: ({ uploadId }) => void uploadIds.push(uploadId),
      tracker: {
        ...memoryTracker,
        note: async ({ uploadId }) => void noted.push(`noted ${uploadId}`),
        forget: async (_principal, uploadId) => void noted.push(`forgotten ${uploadId}`),
      },
    });
    const { key, grant, put } = await caller.init({ filesize: 3 });
    await send(put!, 'abc');
    for (const state of ['started', undefined, 'complete', 'aborted'] as const)
      await caller.call('chunk_loaded', { key, grant, upload_id: 'invented', chunks: [1], state });
    assert.deepEqual(uploadIds, [null]);
    assert.deepEqual(noted, []);
  });

  it('has a receipt even if the tracker fails or does not answer after that', { timeout: 60_000 }, async () => {
    for (const forget of [() => Promise.reject(new Error('down')), () => new Promise<void>(() => undefined)]) {
      const errors: unknown[] = [];
      const onComplete = () => void (calls += 1);
      let calls = 0;
      const caller = createBucketCaller({
        receipts: true,
        onComplete,
        tracker: { ...createMemoryTracker(), forget },
        onError: (error) => errors.push(error),
      });
      const { reference, finish } = await sendParts(caller);
      await finish();
      const { receipt } = (await caller.call('chunk_loaded', {
        ...reference,
        chunks: [1, 2],
        state: 'complete',
      })) as Required<ChunkLoadedAnswer>;
      assert.equal((await verifyReceipt(receipt, { secret: SECRET, bucket: 'films' })).key, reference.key);
      assert.equal(calls, 1);
      assert.ok(errors.length <= 1 && errors.every((error) => (error as Error).message === 'down'));
    }
  });

  it('is reported again if the tracker fails and nothing was verified', async () => {
    const tracker = { ...createMemoryTracker(), forget: () => Promise.reject(new Error('down')) };
    const caller = createBucketCaller({ tracker, onError: () => undefined });
    const reference = await createUpload(caller);
    const notification = { ...reference, chunks: [], state: 'complete' };
    assert.equal(await caller.refusal('chunk_loaded', notification), '500 internal');
  });

  it('is refused without an upload ID if it has several parts; receipts need the option secret', async () => {
    const caller = createBucketCaller({ receipts: true });
    const { key, grant } = await caller.init({ filesize: PART_SIZE + 1 });
    const notification = { key, grant, upload_id: '', chunks: [], state: 'complete' };
    assert.equal(await caller.refusal('chunk_loaded', notification), '400 invalid-request');
    assert.throws(() => createBucketCaller({ receipts: true, secret: undefined }), /option receipts/);
  });
});
