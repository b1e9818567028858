import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChunkLoadedAnswer, ChunkLoadedRequest, SignedRequest } from '../../../src/protocol.js';
import { createMemoryTracker, verifyReceipt } from '../../../src/signer/index.js';
import type { ReceiptExpectations, SignerOptions, StoredFile } from '../../../src/signer/index.js';
import { createSeal } from '../../../src/signer/grants/seal.js';
import { S3Client } from '../../servers/s3-client.js';
import { CREDENTIALS, DAY, fileOf } from '../caller.js';
import type { Caller } from '../caller.js';
import { begin, PART_SIZE, SECRET, send, useBucket } from '../use-bucket.js';

const bucket = useBucket();
const here = bucket.createCaller;

/** Uploads a file of two parts. */
async function sendParts(caller: Caller) {
  const reference = await begin(caller);
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
  it('is passed to onComplete with its principal, after the store has it', async () => {
    const completed: { object: StoredFile; principal: string | null }[] = [];
    const caller = here({
      onComplete: (object, principal) => void completed.push({ object, principal }),
      tracker: createMemoryTracker(),
    });
    const { reference, finish } = await sendParts(caller);
    const notice: ChunkLoadedRequest = { ...reference, chunks: [1, 2], state: 'complete' };
    assert.equal(await caller.refusal('chunk_loaded', notice), '409 not-stored');
    assert.equal(completed.length, 0);
    await finish();
    assert.equal((await caller.post('chunk_loaded', notice)).status, 204);
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
      'the tracker knows that it is over',
    );
  });

  it('is reported because init asks for it, for files of one request too', async () => {
    for (const policy of [{}, { posts: true }]) {
      const caller = here({ receipts: true, policy });
      const { actions } = await caller.call('get_init_signature', { files: [fileOf()] });
      assert.ok(actions!.includes('chunk_loaded'));
      assert.equal((await caller.init({ filesize: 3 })).tracked, true);
    }
  });

  it('returns a receipt that a backend can verify', async () => {
    const caller = here({ receipts: true });
    const { key, grant, put } = await caller.init({ filesize: 3 });
    await send(put!, 'abc');
    const notice: ChunkLoadedRequest = { key, grant, upload_id: '', chunks: [], state: 'complete' };
    const { receipt } = (await caller.call('chunk_loaded', notice)) as Required<ChunkLoadedAnswer>;
    const expected = { secret: ['another secret of sixteen', SECRET], bucket: 'films' };
    for (const whose of [{ principal: 'ada' }, {}]) {
      const read = await verifyReceipt(receipt, { ...expected, ...whose });
      assert.equal(read.key, key);
      assert.equal(read.size, 3);
      assert.equal(read.etag, '900150983cd24fb0d6963f7d28e17f72');
      assert.equal(read.contentType, 'video/mp4');
    }
    const code = (receipt: string, change: object) =>
      verifyReceipt(receipt, { ...expected, ...change }).then(
        () => 'good',
        (error: { code: string }) => error.code,
      );
    assert.equal(await code(receipt, { principal: 'bob' }), 'principal');
    assert.equal(await code(receipt, { principal: null }), 'principal');
    await assert.rejects(verifyReceipt(receipt, { ...expected, principal: undefined }), /option principal: undefined/);
    assert.equal(await code(receipt, { secret: 'a secret that is not it' }), 'retired');
    assert.equal(await code(receipt, { bucket: 'other' }), 'forged');
    assert.equal(await code(receipt, { now: () => Date.now() + DAY + 1_000 }), 'expired');
    assert.equal(await code(grant, {}), 'forged', 'a grant is not a receipt');
    assert.equal(await code(`${receipt.slice(0, -2)}AA`, {}), 'forged');
    assert.equal(await code('', {}), 'forged');
    assert.equal(await caller.refusal('get_head_signature', { key, grant: receipt }), '403 grant-invalid');
  });

  it('returns a receipt that only the backend of its own signer accepts', async () => {
    const receiptOf = async (options: Partial<SignerOptions>) => {
      const caller = here({ receipts: true, ...options });
      const { key, grant, put } = await caller.init({ filesize: 3 });
      await send(put!, 'abc');
      const notice: ChunkLoadedRequest = { key, grant, upload_id: '', chunks: [], state: 'complete' };
      return ((await caller.call('chunk_loaded', notice)) as Required<ChunkLoadedAnswer>).receipt;
    };
    const codeOf = (receipt: string, change: object) =>
      verifyReceipt(receipt, { secret: SECRET, bucket: 'films', ...change }).then(
        () => 'good',
        (error: { code: string }) => error.code,
      );
    const named = await receiptOf({ name: 'films' });
    const nameless = await receiptOf({});
    assert.equal(await codeOf(named, { name: 'films' }), 'good');
    assert.equal(await codeOf(named, {}), 'audience');
    assert.equal(await codeOf(named, { name: 'avatars' }), 'audience');
    assert.equal(await codeOf(nameless, { name: 'films' }), 'audience');
    assert.equal(await codeOf(nameless, { endpoint: `${bucket.url}/`, region: 'us-east-1' }), 'good');
    assert.equal(await codeOf(nameless, { endpoint: 'https://s3.amazonaws.com' }), 'audience');
    assert.equal(await codeOf(nameless, { region: 'eu-west-1' }), 'audience');
    // of release 0.1.0, which did not name the signer
    const { seal } = createSeal([SECRET], 'mule-upload receipt 1\nfilms');
    const old = await seal({ key: 'k', size: 3, etag: 'e', contentType: '', principal: null, time: Date.now() });
    assert.deepEqual([await codeOf(old, {}), await codeOf(old, { name: 'films' })], ['good', 'audience']);
    assert.deepEqual(Object.keys(await verifyReceipt(named, { secret: SECRET, bucket: 'films', name: 'films' })), [
      'key',
      'size',
      'etag',
      'contentType',
      'principal',
      'time',
    ]);
  });

  it('is not verified without a valid secret and maxAge', async () => {
    const { seal } = createSeal([SECRET], 'mule-upload receipt 1\nfilms');
    const receipt = await seal({ key: 'k', size: 3, etag: 'e', contentType: '', principal: null, time: 1 });
    const good = { secret: SECRET as unknown, bucket: 'films' as unknown };
    for (const secret of [undefined, null, '', [], [''], [undefined], 'short', [SECRET, 'short'], 7, {}]) {
      await assert.rejects(
        verifyReceipt(receipt, { ...good, secret } as ReceiptExpectations),
        (error: Error) => error instanceof TypeError && /^option secret: expected a string/.test(error.message),
        JSON.stringify(secret),
      );
    }
    for (const maxAge of [NaN, Infinity, -Infinity, -1, 0, '60', null, [60]]) {
      await assert.rejects(
        verifyReceipt(receipt, { ...good, maxAge } as ReceiptExpectations),
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
      const expectations = { ...good, ...change } as ReceiptExpectations;
      await assert.rejects(verifyReceipt(receipt, expectations), new RegExp(`^OptionError: option ${name}: `));
    }
    const hint = /is the environment variable SIGNER_SECRET set\?$/;
    await assert.rejects(
      verifyReceipt(receipt, { ...good, secret: undefined } as unknown as ReceiptExpectations),
      hint,
    );
  });

  it('is refused if the stored size differs from the granted one', async () => {
    const caller = here({ receipts: true });
    const { key, grant } = await caller.init({ filesize: 3 });
    const s3 = new S3Client({ url: bucket.url, region: 'us-east-1', ...CREDENTIALS });
    await s3.put('films', key, Buffer.from('abcd'));
    const notice = { key, grant, upload_id: '', chunks: [], state: 'complete' };
    assert.equal(await caller.refusal('chunk_loaded', notice), '409 size-mismatch');
  });

  it('is retried if the store does not answer or onComplete throws', async () => {
    const silent = here({ receipts: true, fetch: () => Promise.reject(new Error('down')) });
    const granted = await silent.init({ filesize: 3 });
    const notice = { key: granted.key, grant: granted.grant, upload_id: '', chunks: [], state: 'complete' };
    const response = await silent.post('chunk_loaded', notice);
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '5']);
    let tries = 0;
    const failing = here({
      onError: () => undefined,
      onComplete: () => {
        tries += 1;
        if (tries === 1) throw new Error('database down');
      },
    });
    await send(granted.put!, 'abc');
    assert.equal((await failing.post('chunk_loaded', notice)).status, 500);
    assert.equal((await failing.post('chunk_loaded', notice)).status, 204);
    assert.equal(tries, 2);
  });

  it('needs an upload ID if it has several parts, and a secret if there are receipts', async () => {
    const caller = here({ receipts: true });
    const { key, grant } = await caller.init({ filesize: PART_SIZE + 1 });
    const notice = { key, grant, upload_id: '', chunks: [], state: 'complete' };
    assert.equal(await caller.refusal('chunk_loaded', notice), '400 invalid-request');
    assert.throws(() => here({ receipts: true, secret: undefined }), /option receipts/);
  });
});
