import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createChecksum, toBase64 } from '../../demo/bucket/checksums.js';
import { combineCrcs } from '../../src/engine/hashing/crc.js';
import { MIB } from '../../src/limits.js';
import type { ChecksumAlgorithm, InitAnswerFile, Signed, SignedRequest } from '../../src/protocol.js';
import { createSigner } from '../../src/signer/index.js';
import { statusAndCode } from '../servers/s3-client.js';
import { textOf, textsOf } from '../servers/xml-text.js';
import { BUCKET, hash, random } from './store-lab.js';
import type { StoreLab } from './store-lab.js';
import type { Differences } from './stores.js';

const CRCS = ['crc64nvme', 'crc32c', 'crc32'] as const;
const ALL: readonly ChecksumAlgorithm[] = [...CRCS, 'sha256'];
const SIZES = [5 * MIB, 5 * MIB, 1_001];
const BAD_DIGEST = { status: 400, code: 'BadDigest' };

function valueOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const checksum = createChecksum(algorithm);
  checksum.update(bytes);
  return toBase64(checksum.digest());
}

interface SentPart {
  partNumber: number;
  etag: string;
  size: number;
  value: string;
}

const wholeOf = (algorithm: ChecksumAlgorithm, parts: readonly SentPart[]): string =>
  algorithm === 'sha256'
    ? `${hash('sha256', ...parts.map(({ value }) => Buffer.from(value, 'base64'))).toString('base64')}-${parts.length}`
    : combineCrcs(algorithm, parts);

const completionOf = (algorithm: ChecksumAlgorithm | null, parts: readonly SentPart[]): Uint8Array<ArrayBuffer> => {
  const name = `Checksum${algorithm?.toUpperCase()}`;
  const list = parts.map(
    ({ partNumber, etag, value }) =>
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag>${algorithm ? `<${name}>${value}</${name}>` : ''}</Part>`,
  );
  return new TextEncoder().encode(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`);
};

/** Sends a signed request as a browser does: with its headers, the body without a type. */
function replay(signed: Signed, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
  const {
    method,
    url,
    headers = {},
  }: SignedRequest = typeof signed === 'string' ? { method: 'PUT', url: signed } : signed;
  return fetch(url, { method, headers, ...(body && { body }) });
}

/** Tests a store's handling of checksums by requests of our own signer. */
export function testChecksums(open: () => StoreLab, { refusesChecksums: refuses }: Differences): void {
  const knows = refuses.length > 0;

  /** Calls a signer for an upload in parts of 5 MiB, configured as if the store supported all checksums. */
  function signer(): <T>(action: string, body: object) => Promise<T> {
    const { url, region, accessKeyId, secretAccessKey } = open().store;
    const sign = createSigner({
      bucket: BUCKET,
      endpoint: url,
      region,
      credentials: { accessKeyId, secretAccessKey },
      allowAnonymous: true,
      checksums: ALL,
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

  async function begin(algorithm: ChecksumAlgorithm, sizes = SIZES) {
    const call = signer();
    const bodies = sizes.map(random);
    const size = sizes.reduce((sum, one) => sum + one, 0);
    const file = { id: 'a', filename: 'film.bin', filesize: size, checksums: [algorithm] };
    const { files } = await call<{ files: [InitAnswerFile & { key: string; grant: string; init: SignedRequest }] }>(
      'get_init_signature',
      { files: [file] },
    );
    const [{ key, grant, init }] = files;
    const created = await replay(init);
    const text = await created.text();
    assert.equal(created.status, 200, text);
    const reference = { key, grant, upload_id: textOf(text, 'UploadId') };
    const send = async (partNumber: number, body: Uint8Array<ArrayBuffer>, value: string): Promise<Response> => {
      const part = { ...reference, chunk: partNumber, size: body.length, checksum: value };
      return replay(await call<SignedRequest>('get_chunk_signature', part), body);
    };
    const sendAll = async (): Promise<SentPart[]> => {
      const parts: SentPart[] = [];
      for (const [index, body] of bodies.entries()) {
        const value = valueOf(algorithm, body);
        const answer = await send(index + 1, body, value);
        assert.equal(answer.status, 200, await answer.text());
        parts.push({ partNumber: index + 1, etag: answer.headers.get('etag')!, size: body.length, value });
      }
      return parts;
    };
    /** Completes the upload with that checksum for the object. */
    const end = async (parts: readonly SentPart[], checksum?: string, list = parts): Promise<Response> => {
      const body = completionOf(algorithm === 'sha256' ? algorithm : null, list);
      return replay(await call<SignedRequest>('get_end_signature', { ...reference, size, checksum }), body);
    };
    const list = async (): Promise<string> =>
      (await replay(await call<SignedRequest>('get_list_signature', reference))).text();
    const head = async (): Promise<Response> => replay(await call<SignedRequest>('get_head_signature', { key, grant }));
    return { key, bodies, reference, send, sendAll, end, list, head };
  }

  describe('checksums', () => {
    for (const algorithm of ALL) {
      const header = `x-amz-checksum-${algorithm}`;
      const isWhole = algorithm !== 'sha256';

      it(`${knows ? 'report' : 'omit'} the ${algorithm} of parts and object, equal to ours`, async () => {
        const { key, bodies, sendAll, end, list, head } = await begin(algorithm);
        const parts = await sendAll();
        const listed = textsOf(await list(), `Checksum${algorithm.toUpperCase()}`);
        assert.deepEqual(listed, knows ? parts.map(({ value }) => value) : []);
        const whole = wholeOf(algorithm, parts);
        const ended = await end(parts, isWhole ? whole : undefined);
        const text = await ended.text();
        assert.equal(ended.status, 200, text);
        const { headers } = await head();
        assert.equal(headers.get(header), knows ? whole : null);
        if (knows) {
          assert.equal(headers.get('x-amz-checksum-type'), isWhole ? 'FULL_OBJECT' : 'COMPOSITE');
          assert.equal(textOf(text, `Checksum${algorithm.toUpperCase()}`), whole);
          if (isWhole) assert.equal(whole, valueOf(algorithm, Buffer.concat(bodies)));
        }
        assert.equal((await open().client.digest(BUCKET, key)).sha256, hash('sha256', ...bodies).toString('hex'));
      });

      it(`${refuses.includes('bodies') ? 'refuse' : 'let pass'} a part that is not of its ${algorithm}`, async () => {
        const { send, bodies, list } = await begin(algorithm);
        const answer = await send(1, bodies[0]!, valueOf(algorithm, bodies[1]!));
        if (!refuses.includes('bodies')) {
          assert.equal(answer.status, 200, await answer.text());
          return;
        }
        assert.deepEqual(await statusAndCode(answer), BAD_DIGEST);
        assert.deepEqual(textsOf(await list(), 'PartNumber'), []);
        assert.equal((await send(1, bodies[0]!, valueOf(algorithm, bodies[0]!))).status, 200);
      });

      it(`${refuses.includes('bodies') ? 'refuse' : 'let pass'} a single object that is not of its ${algorithm}`, async () => {
        const call = signer();
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
          return { ...files[0], answer: await replay(files[0].put, body) };
        };
        const wrong = await put(valueOf(algorithm, random(5)));
        if (refuses.includes('bodies')) {
          assert.deepEqual(await statusAndCode(wrong.answer), BAD_DIGEST);
          assert.equal((await open().client.head(BUCKET, wrong.key)).status, 404);
        } else assert.equal(wrong.answer.status, 200);
        const right = await put(valueOf(algorithm, body));
        assert.equal(right.answer.status, 200, await right.answer.text());
        const head = await replay(await call<SignedRequest>('get_head_signature', right));
        assert.equal(head.headers.get(header), knows ? valueOf(algorithm, body) : null);
      });
    }

    for (const algorithm of CRCS) {
      const isRefused = refuses.includes(algorithm === 'crc64nvme' ? 'whole of crc64nvme' : 'whole');

      it(`${isRefused ? 'refuse' : 'let pass'} an object that is not of its ${algorithm}`, async () => {
        const { key, sendAll, end, head } = await begin(algorithm);
        const parts = await sendAll();
        const answer = await end(parts, valueOf(algorithm, random(5)));
        if (!isRefused) {
          assert.equal(answer.status, 200, await answer.text());
          return;
        }
        assert.deepEqual(await statusAndCode(answer), BAD_DIGEST);
        assert.equal((await open().client.head(BUCKET, key)).status, 404);
        assert.equal((await end(parts, wholeOf(algorithm, parts))).status, 200);
        assert.equal((await head()).headers.get(`x-amz-checksum-${algorithm}`), wholeOf(algorithm, parts));
      });
    }

    it(`${refuses.includes('named') ? 'refuse' : 'let pass'} a list of parts with other values, or without them if the object is composite`, async () => {
      const { sendAll, end } = await begin('sha256', [5 * MIB, 7]);
      const parts = await sendAll();
      const other = [parts[0]!, { ...parts[1]!, value: valueOf('sha256', random(5)) }];
      const answer = await end(parts, undefined, other);
      if (!refuses.includes('named')) {
        assert.equal(answer.status, 200, await answer.text());
        return;
      }
      assert.deepEqual(await statusAndCode(answer), { status: 400, code: 'InvalidPart' });
    });
  });
}
