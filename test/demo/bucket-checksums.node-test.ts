import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createChecksum, toBase64 } from '../../demo/bucket/checksums.js';
import { startBucket } from '../../demo/bucket/index.js';
import type { Behaviour, RunningBucket } from '../../demo/bucket/index.js';
import { MIB } from '../../src/limits.js';
import type { ChecksumAlgorithm } from '../../src/protocol.js';
import { postForm } from '../servers/post-form.js';
import { S3Client, statusAndCode } from '../servers/s3-client.js';
import { textOf } from '../servers/xml-text.js';

const ACCESS = { accessKeyId: 'testaccess', secretAccessKey: 'testsecret' };
const BUCKET = 'demo';
/** Leaves the body's SHA-256 unsigned. After a bit flip it would not match, and the bucket compares it first. */
const UNSIGNED_PAYLOAD = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
const INVALID_REQUEST = { status: 400, code: 'InvalidRequest' };
const BAD_DIGEST = { status: 400, code: 'BadDigest' };

/** Returns a checksum in base64. */
function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array | string): string {
  const checksum = createChecksum(algorithm);
  checksum.update(Buffer.from(bytes));
  return toBase64(checksum.digest());
}

describe('checksums of the embedded bucket', () => {
  let directory = '';
  const running: RunningBucket[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mule-bucket-sums-'));
  });
  after(async () => {
    await Promise.all(running.map((bucket) => bucket.close()));
    await rm(directory, { recursive: true, force: true });
  });

  let count = 0;
  /** Starts a bucket. Returns it with functions for requests to the object “film”, and its directory. */
  async function start(behaviour: Partial<Behaviour> = {}, dir = join(directory, String(++count))) {
    const bucket = await startBucket({ dir, buckets: [BUCKET], credentials: ACCESS, behaviour });
    running.push(bucket);
    const store = { url: bucket.url, region: 'us-east-1', ...ACCESS };
    const client = new S3Client(store);
    /** Sends CreateMultipartUpload. */
    const createUpload = (headers: Record<string, string>): Promise<Response> =>
      client.request('POST', client.address(BUCKET, 'film', { uploads: '' }), { headers });
    /** Starts a multipart upload. @returns the upload ID */
    const startUpload = async (headers: Record<string, string>): Promise<string> =>
      textOf(await (await createUpload(headers)).text(), 'UploadId');
    const sendPart = (
      uploadId: string,
      partNumber: number,
      body: Uint8Array<ArrayBuffer>,
      headers = {},
    ): Promise<Response> =>
      client.request('PUT', client.address(BUCKET, 'film', { uploadId, partNumber: String(partNumber) }), {
        body,
        headers: { ...UNSIGNED_PAYLOAD, ...headers },
      });
    const complete = (
      uploadId: string,
      etags: readonly string[],
      headers: Record<string, string> = {},
    ): Promise<Response> =>
      client.complete(
        BUCKET,
        'film',
        uploadId,
        etags.map((etag, index) => ({ partNumber: index + 1, etag })),
        headers,
      );
    const head = async (key = 'film'): Promise<Headers> => {
      const answer = await client.request('HEAD', client.address(BUCKET, key), {
        headers: { 'x-amz-checksum-mode': 'ENABLED' },
      });
      return answer.headers;
    };
    return { bucket, store, client, createUpload, startUpload, sendPart, complete, head, dir };
  }
  const bytes = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(size));
  const etagOf = (answer: Response): string => answer.headers.get('etag')!.replaceAll('"', '');

  it('accepts for each algorithm only the checksum types that Amazon S3 documents', async () => {
    const { createUpload } = await start();
    /** Returns the checksum type of a new upload, “none”, or an error code. */
    const typeOrError = async (algorithm: string | undefined, type?: string): Promise<string> => {
      const answer = await createUpload({
        ...(algorithm && { 'x-amz-checksum-algorithm': algorithm }),
        ...(type && { 'x-amz-checksum-type': type }),
      });
      return answer.ok ? (answer.headers.get('x-amz-checksum-type') ?? 'none') : (await statusAndCode(answer)).code;
    };
    assert.equal(await typeOrError('CRC64NVME'), 'FULL_OBJECT');
    assert.equal(await typeOrError('CRC32'), 'COMPOSITE');
    assert.equal(await typeOrError('CRC32', 'FULL_OBJECT'), 'FULL_OBJECT');
    assert.equal(await typeOrError('SHA256'), 'COMPOSITE');
    assert.equal(await typeOrError('CRC64NVME', 'COMPOSITE'), 'InvalidRequest');
    assert.equal(await typeOrError('SHA256', 'FULL_OBJECT'), 'InvalidRequest');
    assert.equal(await typeOrError('SHA1'), 'NotImplemented');
    assert.equal(await typeOrError(undefined, 'FULL_OBJECT'), 'InvalidRequest');
    assert.equal(await typeOrError('CRC32', 'HALF_OBJECT'), 'InvalidRequest');
    assert.equal(await typeOrError(undefined), 'none');
  });

  it('rejects invalid checksums, two at once, and one of another algorithm than the upload’s', async () => {
    const { startUpload, sendPart } = await start();
    const uploadId = await startUpload({ 'x-amz-checksum-algorithm': 'CRC32C', 'x-amz-checksum-type': 'FULL_OBJECT' });
    const body = bytes(9);
    const errorWith = async (headers: Record<string, string>) =>
      statusAndCode(await sendPart(uploadId, 1, body, headers));
    assert.deepEqual(await errorWith({ 'x-amz-checksum-crc32c': 'nonsense' }), INVALID_REQUEST);
    assert.deepEqual(await errorWith({ 'x-amz-checksum-crc32c': checksumOf('crc64nvme', body) }), INVALID_REQUEST);
    assert.deepEqual(await errorWith({ 'x-amz-checksum-crc32': checksumOf('crc32', body) }), INVALID_REQUEST);
    const both = {
      'x-amz-checksum-crc32': checksumOf('crc32', body),
      'x-amz-checksum-crc32c': checksumOf('crc32c', body),
    };
    assert.deepEqual(await errorWith(both), INVALID_REQUEST);
    const misnamed = { 'x-amz-sdk-checksum-algorithm': 'CRC32', 'x-amz-checksum-crc32c': checksumOf('crc32c', body) };
    assert.deepEqual(await errorWith(misnamed), INVALID_REQUEST);
  });

  it('computes the checksum of a part that is sent without one, unless the upload is composite', async () => {
    const { startUpload, sendPart } = await start();
    const body = bytes(100);
    const fullObjectId = await startUpload({ 'x-amz-checksum-algorithm': 'CRC64NVME' });
    const answer = await sendPart(fullObjectId, 1, body);
    assert.equal(answer.headers.get('x-amz-checksum-crc64nvme'), checksumOf('crc64nvme', body));
    const compositeId = await startUpload({ 'x-amz-checksum-algorithm': 'SHA256' });
    assert.deepEqual(await statusAndCode(await sendPart(compositeId, 1, body)), INVALID_REQUEST);
  });

  it('requires the checksum of every listed part if the upload is composite, as Amazon S3 does', async () => {
    const { startUpload, sendPart, complete } = await start();
    const body = bytes(100);
    const uploadId = await startUpload({ 'x-amz-checksum-algorithm': 'SHA256' });
    const sent = await sendPart(uploadId, 1, body, { 'x-amz-checksum-sha256': checksumOf('sha256', body) });
    assert.deepEqual(await statusAndCode(await complete(uploadId, [etagOf(sent)])), INVALID_REQUEST);
  });

  it('rejects CompleteMultipartUpload with another checksum type, algorithm or size', async () => {
    const { startUpload, sendPart, complete, head } = await start();
    const body = bytes(100);
    const uploadId = await startUpload({ 'x-amz-checksum-algorithm': 'CRC64NVME' });
    const etags = [etagOf(await sendPart(uploadId, 1, body))];
    for (const headers of [
      { 'x-amz-checksum-type': 'COMPOSITE' },
      { 'x-amz-checksum-crc32': checksumOf('crc32', body) },
      { 'x-amz-mp-object-size': '101' },
      { 'x-amz-mp-object-size': 'many' },
    ] as Record<string, string>[]) {
      assert.deepEqual(
        await statusAndCode(await complete(uploadId, etags, headers)),
        INVALID_REQUEST,
        JSON.stringify(headers),
      );
    }
    const correctHeaders = {
      'x-amz-checksum-type': 'FULL_OBJECT',
      'x-amz-checksum-crc64nvme': checksumOf('crc64nvme', body),
      'x-amz-mp-object-size': '100',
    };
    const first = await (await complete(uploadId, etags, correctHeaders)).text();
    assert.equal(textOf(first, 'ChecksumCRC64NVME'), checksumOf('crc64nvme', body));
    assert.equal(
      await (await complete(uploadId, etags, correctHeaders)).text(),
      first,
      'a repeated request gets the same response',
    );
    assert.equal((await head()).get('x-amz-checksum-crc64nvme'), checksumOf('crc64nvme', body));
  });

  it('keeps checksums after a restart, and returns them only if requested, for whole objects', async () => {
    const { bucket, client, startUpload, sendPart, dir } = await start();
    const [one, two] = [bytes(5 * MIB), bytes(9)];
    const uploadId = await startUpload({ 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' });
    const etags = [etagOf(await sendPart(uploadId, 1, one)), etagOf(await sendPart(uploadId, 2, two))];
    await client.put(BUCKET, 'small', 'text', { 'x-amz-checksum-sha256': checksumOf('sha256', 'text') });
    await bucket.close();
    const again = await start({}, dir);
    const objectChecksum = checksumOf('crc32', Buffer.concat([one, two]));
    assert.equal((await again.complete(uploadId, etags, { 'x-amz-checksum-crc32': objectChecksum })).status, 200);
    assert.equal((await again.head()).get('x-amz-checksum-crc32'), objectChecksum);
    assert.equal((await again.head('small')).get('x-amz-checksum-sha256'), checksumOf('sha256', 'text'));
    const plain = await again.client.head(BUCKET, 'film');
    assert.equal(plain.headers.has('x-amz-checksum-crc32'), false);
    const range = { range: 'bytes=0-3', 'x-amz-checksum-mode': 'ENABLED' };
    assert.equal((await again.client.get(BUCKET, 'film', range)).headers.has('x-amz-checksum-crc32'), false);
  });

  it('verifies the checksum field of a form', async () => {
    const { client, store, head } = await start();
    const post = (value: string): Promise<Response> => {
      const fields = { key: 'posted', success_action_status: '201', 'x-amz-checksum-crc32c': value };
      const conditions = [
        { bucket: BUCKET },
        ['starts-with', '$key', ''],
        ['starts-with', '$x-amz-checksum-crc32c', ''],
        { success_action_status: '201' },
      ];
      return fetch(client.address(BUCKET), {
        method: 'POST',
        body: postForm(store, { conditions, fields }, new Blob(['text'])),
      });
    };
    assert.deepEqual(await statusAndCode(await post(checksumOf('crc32c', 'other'))), BAD_DIGEST);
    assert.equal((await post(checksumOf('crc32c', 'text'))).status, 201);
    assert.equal((await head('posted')).get('x-amz-checksum-crc32c'), checksumOf('crc32c', 'text'));
  });

  it('ignores all checksums if configured without support for them', async () => {
    const { client, createUpload, startUpload, sendPart, complete, head } = await start({ supportsChecksums: false });
    assert.equal((await createUpload({ 'x-amz-checksum-algorithm': 'SHA1', 'x-amz-checksum-type': 'X' })).status, 200);
    const uploadId = await startUpload({ 'x-amz-checksum-algorithm': 'SHA256' });
    const sent = await sendPart(uploadId, 1, bytes(9), { 'x-amz-checksum-sha256': checksumOf('sha256', 'other') });
    assert.equal(sent.headers.has('x-amz-checksum-sha256'), false);
    assert.equal((await complete(uploadId, [etagOf(sent)], { 'x-amz-mp-object-size': '7' })).status, 200);
    assert.equal((await client.put(BUCKET, 'x', 'x', { 'x-amz-checksum-crc32': 'nonsense' })).status, 200);
    assert.equal(
      [...(await head()).keys()].some((name) => name.startsWith('x-amz-checksum')),
      false,
    );
  });

  describe('with a bit that flips', () => {
    const crc64 = (body: Uint8Array): Record<string, string> => ({
      'x-amz-checksum-crc64nvme': checksumOf('crc64nvme', body),
    });

    it('before hashing, rejects a part that has a checksum, as often as configured', async () => {
      const { startUpload, sendPart } = await start({ bitFlip: { partNumber: 2, when: 'before', times: 1 } });
      const uploadId = await startUpload({ 'x-amz-checksum-algorithm': 'CRC64NVME' });
      const body = bytes(100);
      assert.equal((await sendPart(uploadId, 1, body, crc64(body))).status, 200);
      assert.deepEqual(await statusAndCode(await sendPart(uploadId, 2, body, crc64(body))), BAD_DIGEST);
      assert.equal((await sendPart(uploadId, 2, body, crc64(body))).status, 200);
    });

    it('before hashing, returns another ETag than the MD5 of a part without a checksum', async () => {
      const { startUpload, sendPart } = await start({ bitFlip: { partNumber: null, when: 'before', times: 1 } });
      const uploadId = await startUpload({});
      const body = bytes(100);
      const md5 = createHash('md5').update(body).digest('hex');
      assert.notEqual(etagOf(await sendPart(uploadId, 1, body)), md5);
      assert.equal(etagOf(await sendPart(uploadId, 1, body)), md5);
    });

    it('after hashing, stores wrong bytes with correct checksums, which only reading them detects', async () => {
      const bitFlip = { partNumber: 1, when: 'after', times: 1 } as const;
      for (const completeReadsFromDisk of [false, true]) {
        const { startUpload, sendPart, complete, client } = await start({
          bitFlip: { ...bitFlip },
          completeReadsFromDisk,
        });
        const uploadId = await startUpload({ 'x-amz-checksum-algorithm': 'CRC64NVME' });
        const body = bytes(100);
        const sent = await sendPart(uploadId, 1, body, crc64(body));
        assert.equal(etagOf(sent), createHash('md5').update(body).digest('hex'));
        const ended = await complete(uploadId, [etagOf(sent)], crc64(body));
        if (completeReadsFromDisk) assert.deepEqual(await statusAndCode(ended), BAD_DIGEST);
        else {
          assert.equal(ended.status, 200);
          const stored = new Uint8Array(await (await client.get(BUCKET, 'film')).arrayBuffer());
          assert.equal(stored.filter((byte, index) => byte !== body[index]).length, 1);
        }
      }
    });

    it('before hashing, rejects an object sent in one request that has a checksum', async () => {
      const { client } = await start({ bitFlip: { partNumber: 0, when: 'before', times: 1 } });
      const headers = { ...UNSIGNED_PAYLOAD, 'x-amz-checksum-crc32': checksumOf('crc32', 'text') };
      assert.deepEqual(await statusAndCode(await client.put(BUCKET, 'x', 'text', headers)), BAD_DIGEST);
      assert.equal((await client.put(BUCKET, 'x', 'text', headers)).status, 200);
    });
  });
});
