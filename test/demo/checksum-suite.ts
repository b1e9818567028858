import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createChecksum, toBase64 } from '../../demo/bucket/checksums.js';
import { combineCrcs } from '../../src/engine/hashing/crc.js';
import { MIB } from '../../src/limits.js';
import type { ChecksumAlgorithm, InitAnswerFile, Signed, SignedRequest } from '../../src/protocol.js';
import { createSigner } from '../../src/signer/index.js';
import { statusAndCode } from '../servers/s3-client.js';
import { textOf, textsOf } from '../servers/xml-text.js';
import { BUCKET, hash, random } from './store-fixture.js';
import type { StoreFixture } from './store-fixture.js';
import type { VerifiedChecksum } from './stores.js';

const CRC_ALGORITHMS = ['crc64nvme', 'crc32c', 'crc32'] as const;
const ALGORITHMS: readonly ChecksumAlgorithm[] = [...CRC_ALGORITHMS, 'sha256'];
const PART_SIZES = [5 * MIB, 5 * MIB, 1_001];
const BAD_DIGEST = { status: 400, code: 'BadDigest' };

/** Returns a checksum in base64, as computed by the embedded bucket. */
function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const checksum = createChecksum(algorithm);
  checksum.update(bytes);
  return toBase64(checksum.digest());
}

interface SentPart {
  partNumber: number;
  etag: string;
  size: number;
  /** The checksum. */
  value: string;
}

/** Returns the checksum of the object: a CRC of all bytes, or the SHA-256 of the parts' checksums. */
const objectChecksumOf = (algorithm: ChecksumAlgorithm, parts: readonly SentPart[]): string =>
  algorithm === 'sha256'
    ? `${hash('sha256', ...parts.map(({ value }) => Buffer.from(value, 'base64'))).toString('base64')}-${parts.length}`
    : combineCrcs(algorithm, parts);

/** Returns the body of CompleteMultipartUpload, with the parts' checksums unless `algorithm` is null. */
const completeBodyOf = (algorithm: ChecksumAlgorithm | null, parts: readonly SentPart[]): Uint8Array<ArrayBuffer> => {
  const name = `Checksum${algorithm?.toUpperCase()}`;
  const listedParts = parts.map(
    ({ partNumber, etag, value }) =>
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag>${algorithm ? `<${name}>${value}</${name}>` : ''}</Part>`,
  );
  return new TextEncoder().encode(`<CompleteMultipartUpload>${listedParts.join('')}</CompleteMultipartUpload>`);
};

/** Sends a signed request with its headers. */
function sendSigned(signed: Signed, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
  const {
    method,
    url,
    headers = {},
  }: SignedRequest = typeof signed === 'string' ? { method: 'PUT', url: signed } : signed;
  return fetch(url, { method, headers, ...(body && { body }) });
}

/**
 * Tests how a store handles checksums, with requests that this package's signer signs.
 * @param verified checksums that the store verifies
 */
export function testChecksums(fixture: () => StoreFixture, verified: readonly VerifiedChecksum[]): void {
  const supportsChecksums = verified.length > 0;

  /** Creates a signer that uses all checksums, even if the store supports none. @returns a function that calls it */
  function createSignerCall(): <T>(action: string, body: object) => Promise<T> {
    const { url, region, accessKeyId, secretAccessKey } = fixture().store;
    const sign = createSigner({
      bucket: BUCKET,
      endpoint: url,
      region,
      credentials: { accessKeyId, secretAccessKey },
      allowAnonymous: true,
      checksums: ALGORITHMS,
      policy: { partSize: 5 * MIB },
    });
    return async <T>(action: string, body: object): Promise<T> => {
      const headers = { 'content-type': 'application/json' };
      const request = new Request(`http://signer/${action}`, { method: 'POST', headers, body: JSON.stringify(body) });
      const answer = await sign(request);
      assert.ok(answer.ok, await answer.clone().text());
      return (await answer.json()) as T;
    };
  }

  /** Starts a multipart upload with a checksum algorithm. */
  async function startUpload(algorithm: ChecksumAlgorithm, sizes = PART_SIZES) {
    const call = createSignerCall();
    const bodies = sizes.map(random);
    const size = sizes.reduce((sum, one) => sum + one, 0);
    const file = { id: 'a', filename: 'film.bin', filesize: size, checksums: [algorithm] };
    const { files } = await call<{ files: [InitAnswerFile & { key: string; grant: string; init: SignedRequest }] }>(
      'get_init_signature',
      { files: [file] },
    );
    const [{ key, grant, init }] = files;
    const created = await sendSigned(init);
    const text = await created.text();
    assert.equal(created.status, 200, text);
    const reference = { key, grant, upload_id: textOf(text, 'UploadId') };
    const sendPart = async (partNumber: number, body: Uint8Array<ArrayBuffer>, value: string): Promise<Response> => {
      const part = { ...reference, chunk: partNumber, size: body.length, checksum: value };
      return sendSigned(await call<SignedRequest>('get_chunk_signature', part), body);
    };
    const sendParts = async (): Promise<SentPart[]> => {
      const parts: SentPart[] = [];
      for (const [index, body] of bodies.entries()) {
        const value = checksumOf(algorithm, body);
        const answer = await sendPart(index + 1, body, value);
        assert.equal(answer.status, 200, await answer.text());
        parts.push({ partNumber: index + 1, etag: answer.headers.get('etag')!, size: body.length, value });
      }
      return parts;
    };
    /** Completes the upload with these parts and, if given, the object's checksum. */
    const complete = async (parts: readonly SentPart[], checksum?: string): Promise<Response> => {
      const body = completeBodyOf(algorithm === 'sha256' ? algorithm : null, parts);
      return sendSigned(await call<SignedRequest>('get_end_signature', { ...reference, size, checksum }), body);
    };
    const listParts = async (): Promise<string> =>
      (await sendSigned(await call<SignedRequest>('get_list_signature', reference))).text();
    const head = async (): Promise<Response> =>
      sendSigned(await call<SignedRequest>('get_head_signature', { key, grant }));
    return { key, bodies, reference, sendPart, sendParts, complete, listParts, head };
  }

  describe('checksums', () => {
    for (const algorithm of ALGORITHMS) {
      const header = `x-amz-checksum-${algorithm}`;
      const isFullObject = algorithm !== 'sha256';

      it(`${supportsChecksums ? 'are returned' : 'are not returned'} for parts and object: ${algorithm}`, async () => {
        const { key, bodies, sendParts, complete, listParts, head } = await startUpload(algorithm);
        const parts = await sendParts();
        const listed = textsOf(await listParts(), `Checksum${algorithm.toUpperCase()}`);
        assert.deepEqual(listed, supportsChecksums ? parts.map(({ value }) => value) : []);
        const objectChecksum = objectChecksumOf(algorithm, parts);
        const ended = await complete(parts, isFullObject ? objectChecksum : undefined);
        const text = await ended.text();
        assert.equal(ended.status, 200, text);
        const { headers } = await head();
        assert.equal(headers.get(header), supportsChecksums ? objectChecksum : null);
        if (supportsChecksums) {
          assert.equal(headers.get('x-amz-checksum-type'), isFullObject ? 'FULL_OBJECT' : 'COMPOSITE');
          assert.equal(textOf(text, `Checksum${algorithm.toUpperCase()}`), objectChecksum);
          if (isFullObject) assert.equal(objectChecksum, checksumOf(algorithm, Buffer.concat(bodies)));
        }
        assert.equal((await fixture().client.digest(BUCKET, key)).sha256, hash('sha256', ...bodies).toString('hex'));
      });

      it(`${verified.includes('body') ? 'reject' : 'accept'} a part that does not match its ${algorithm}`, async () => {
        const { sendPart, bodies, listParts } = await startUpload(algorithm);
        const answer = await sendPart(1, bodies[0]!, checksumOf(algorithm, bodies[1]!));
        if (!verified.includes('body')) {
          assert.equal(answer.status, 200, await answer.text());
          return;
        }
        assert.deepEqual(await statusAndCode(answer), BAD_DIGEST);
        assert.deepEqual(textsOf(await listParts(), 'PartNumber'), []);
        assert.equal((await sendPart(1, bodies[0]!, checksumOf(algorithm, bodies[0]!))).status, 200);
      });

      it(`${verified.includes('body') ? 'reject' : 'accept'} an object sent in one request that does not match its ${algorithm}`, async () => {
        const call = createSignerCall();
        const body = random(1_000);
        const put = async (value: string) => {
          const file = {
            id: 'a',
            filename: 'small.bin',
            filesize: 1_000,
            checksums: [algorithm],
            checksum: { algorithm, value },
          };
          const { files } = await call<{ files: [{ key: string; grant: string; put: SignedRequest }] }>(
            'get_init_signature',
            { files: [file] },
          );
          return { ...files[0], answer: await sendSigned(files[0].put, body) };
        };
        const wrong = await put(checksumOf(algorithm, random(5)));
        if (verified.includes('body')) {
          assert.deepEqual(await statusAndCode(wrong.answer), BAD_DIGEST);
          assert.equal((await fixture().client.head(BUCKET, wrong.key)).status, 404);
        } else assert.equal(wrong.answer.status, 200);
        const right = await put(checksumOf(algorithm, body));
        assert.equal(right.answer.status, 200, await right.answer.text());
        const head = await sendSigned(await call<SignedRequest>('get_head_signature', right));
        assert.equal(head.headers.get(header), supportsChecksums ? checksumOf(algorithm, body) : null);
      });
    }

    for (const algorithm of CRC_ALGORITHMS) {
      const isVerified = verified.includes(algorithm === 'crc64nvme' ? 'crc64nvme object' : 'object');

      it(`${isVerified ? 'reject' : 'accept'} a multipart object that does not match its ${algorithm}`, async () => {
        const { key, sendParts, complete, head } = await startUpload(algorithm);
        const parts = await sendParts();
        const answer = await complete(parts, checksumOf(algorithm, random(5)));
        if (!isVerified) {
          assert.equal(answer.status, 200, await answer.text());
          return;
        }
        assert.deepEqual(await statusAndCode(answer), BAD_DIGEST);
        assert.equal((await fixture().client.head(BUCKET, key)).status, 404);
        assert.equal((await complete(parts, objectChecksumOf(algorithm, parts))).status, 200);
        assert.equal((await head()).headers.get(`x-amz-checksum-${algorithm}`), objectChecksumOf(algorithm, parts));
      });
    }

    it(`${verified.includes('listed part') ? 'reject' : 'accept'} a list with another checksum for a part`, async () => {
      const { sendParts, complete } = await startUpload('sha256', [5 * MIB, 7]);
      const parts = await sendParts();
      const wrongList = [parts[0]!, { ...parts[1]!, value: checksumOf('sha256', random(5)) }];
      const answer = await complete(wrongList);
      if (!verified.includes('listed part')) {
        assert.equal(answer.status, 200, await answer.text());
        return;
      }
      assert.deepEqual(await statusAndCode(answer), { status: 400, code: 'InvalidPart' });
    });
  });
}
