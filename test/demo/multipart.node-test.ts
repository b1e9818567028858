import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { MIB } from '../../src/limits.js';
import { postForm } from '../servers/post-form.js';
import { S3Client, StoreRefusal, textOf, verdict } from '../servers/s3-client.js';
import { STORES } from './stores.js';
import type { TestStore } from './stores.js';

const BUCKET = 'demo';
const ORIGIN = 'https://page.example';
const random = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(size));
const hash = (algorithm: string, ...chunks: Uint8Array[]): Buffer =>
  chunks.reduce((digest, chunk) => digest.update(chunk), createHash(algorithm)).digest();
const md5 = (chunk: Uint8Array): string => hash('md5', chunk).toString('hex');
const refusedWith = (status: number, code: string) => (error: unknown) => {
  assert.ok(error instanceof StoreRefusal, String(error));
  assert.deepEqual({ status: error.status, code: error.code }, { status, code });
  return true;
};

for (const { name, differences, start } of STORES) {
  describe(`multipart upload to ${name}`, () => {
    let store: TestStore;
    let client: S3Client;
    let count = 0;
    const newKey = (): string => `folder ü/+(${++count}) & file.bin`;

    /** Begins an upload of parts of these sizes and sends them. */
    const begin = async (...sizes: number[]) => {
      const key = newKey();
      const uploadId = await client.createUpload(BUCKET, key);
      const bodies = sizes.map(random);
      const parts = [];
      for (const [index, body] of bodies.entries()) {
        parts.push({ partNumber: index + 1, etag: await client.uploadPart(BUCKET, key, uploadId, index + 1, body) });
      }
      return { key, uploadId, bodies, parts };
    };

    before(async () => {
      store = await start();
      client = new S3Client(store);
      await client.createBucket(BUCKET);
      await client.allowEveryOrigin(BUCKET);
    });
    after(() => store.stop());

    it('makes one object of the parts, byte for byte', async () => {
      const { key, uploadId, bodies, parts } = await begin(6 * MIB, 5 * MIB, 1);
      assert.deepEqual(
        parts.map(({ etag }) => etag),
        bodies.map(md5),
      );
      const answer = await client.complete(BUCKET, key, uploadId, parts);
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      const etag = `"${hash('md5', ...bodies.map((body) => hash('md5', body))).toString('hex')}-3"`;
      assert.equal(textOf(text, 'ETag'), differences.completeTellsEtag ? etag : '');
      const head = await client.head(BUCKET, key);
      assert.equal(head.headers.get('etag'), etag);
      assert.equal(head.headers.get('content-length'), String(11 * MIB + 1));
      assert.deepEqual(await client.digest(BUCKET, key), {
        sha256: hash('sha256', ...bodies).toString('hex'),
        size: 11 * MIB + 1,
      });
      assert.deepEqual(await client.listUploads(BUCKET), []);
    });

    it('takes one small part, and one empty part', async () => {
      for (const size of [1, 0]) {
        const { key, uploadId, bodies, parts } = await begin(size);
        assert.equal((await client.complete(BUCKET, key, uploadId, parts)).status, 200);
        assert.deepEqual(await client.digest(BUCKET, key), { sha256: hash('sha256', ...bodies).toString('hex'), size });
      }
    });

    it('keeps the last of a part sent twice', async () => {
      const { key, uploadId } = await begin(1000);
      const again = random(2000);
      const etag = await client.uploadPart(BUCKET, key, uploadId, 1, again);
      assert.deepEqual(await client.listParts(BUCKET, key, uploadId), [
        { partNumber: 1, size: 2000, etag: md5(again) },
      ]);
      assert.equal((await client.complete(BUCKET, key, uploadId, [{ partNumber: 1, etag }])).status, 200);
      assert.equal((await client.digest(BUCKET, key)).sha256, hash('sha256', again).toString('hex'));
    });

    it('takes parts in any order and with gaps in their numbers', async () => {
      const key = newKey();
      const uploadId = await client.createUpload(BUCKET, key);
      const [last, first] = [random(10), random(5 * MIB)];
      const parts = [
        { partNumber: 10_000, etag: await client.uploadPart(BUCKET, key, uploadId, 10_000, last) },
        { partNumber: 7, etag: await client.uploadPart(BUCKET, key, uploadId, 7, first) },
      ].reverse();
      assert.equal((await client.complete(BUCKET, key, uploadId, parts)).status, 200);
      assert.equal((await client.digest(BUCKET, key)).sha256, hash('sha256', first, last).toString('hex'));
    });

    it('lists stored parts page by page, in order, with exact sizes', async () => {
      const sizes = [11, 22, 33, 44, 55];
      const { key, uploadId, bodies } = await begin(...sizes);
      const first = await client.listPartsPage(BUCKET, key, uploadId, { limit: 2 });
      assert.deepEqual(
        first.parts,
        [1, 2].map((partNumber) => ({ partNumber, size: sizes[partNumber - 1], etag: md5(bodies[partNumber - 1]!) })),
      );
      assert.equal(first.isTruncated, true);
      assert.equal(first.nextMarker, 2);
      const second = await client.listPartsPage(BUCKET, key, uploadId, { limit: 2, marker: 2 });
      assert.deepEqual(
        second.parts.map(({ size }) => size),
        [33, 44],
      );
      const last = await client.listPartsPage(BUCKET, key, uploadId, { limit: 2, marker: 4 });
      assert.deepEqual(
        last.parts.map(({ partNumber, size }) => [partNumber, size]),
        [[5, 55]],
      );
      assert.equal(last.isTruncated, false);
    });

    it('lists no parts of an upload that has none', async () => {
      const { key, uploadId } = await begin();
      assert.deepEqual(await client.listParts(BUCKET, key, uploadId), []);
    });

    it('names uploads under way, to nobody but those who ask for them', async () => {
      const { key, uploadId } = await begin(5);
      assert.ok(
        (await client.listUploads(BUCKET)).some((upload) => upload.uploadId === uploadId && upload.key === key),
      );
      assert.equal((await client.head(BUCKET, key)).status, 404);
      assert.equal((await client.abort(BUCKET, key, uploadId)).status, 204);
      assert.ok(!(await client.listUploads(BUCKET)).some((upload) => upload.uploadId === uploadId));
    });

    it('forgets an aborted upload with all its parts', async () => {
      const { key, uploadId, parts } = await begin(5 * MIB, 5);
      await client.abort(BUCKET, key, uploadId);
      const gone = (answer: { status: number; code: string }): void =>
        assert.ok(
          answer.status === 404 && ['NoSuchUpload', differences.codeAfterAbort].includes(answer.code),
          JSON.stringify(answer),
        );
      await assert.rejects(client.listParts(BUCKET, key, uploadId), refusedWith(404, differences.codeAfterAbort));
      assert.deepEqual(
        await verdict(await client.complete(BUCKET, key, uploadId, parts)),
        differences.completeAfterAbort,
      );
      gone(await verdict(await client.abort(BUCKET, key, uploadId)));
      await assert.rejects(
        client.uploadPart(BUCKET, key, uploadId, 3, random(5)),
        (error: StoreRefusal) => (gone(error), true),
      );
      assert.equal((await client.head(BUCKET, key)).status, 404);
    });

    it('refuses a part that is too small, unless it is the last', async () => {
      const { key, uploadId, parts } = await begin(5 * MIB - 1, 5);
      assert.deepEqual(await verdict(await client.complete(BUCKET, key, uploadId, parts)), {
        status: 400,
        code: 'EntityTooSmall',
      });
      assert.equal((await client.listParts(BUCKET, key, uploadId)).length, 2);
    });

    it('refuses parts that were never sent, or were sent otherwise', async () => {
      const { key, uploadId, parts } = await begin(10);
      const never = [...parts, { partNumber: 2, etag: md5(random(1)) }];
      const otherwise = [{ partNumber: 1, etag: md5(random(1)) }];
      for (const list of [never, otherwise]) {
        assert.deepEqual(await verdict(await client.complete(BUCKET, key, uploadId, list)), {
          status: 400,
          code: 'InvalidPart',
        });
      }
      assert.equal((await client.complete(BUCKET, key, uploadId, parts)).status, 200);
    });

    it(`${differences.refusesDisorder ? 'refuses' : 'sorts'} parts named out of order`, async () => {
      const { key, uploadId, bodies, parts } = await begin(5 * MIB, 10);
      const answer = await client.complete(BUCKET, key, uploadId, parts.toReversed());
      if (differences.refusesDisorder) {
        assert.deepEqual(await verdict(answer), { status: 400, code: 'InvalidPartOrder' });
        return;
      }
      assert.equal(answer.status, 200);
      assert.equal((await client.digest(BUCKET, key)).sha256, hash('sha256', ...bodies).toString('hex'));
    });

    it('refuses to make an object of no parts', async () => {
      const { key, uploadId } = await begin(10);
      const answer = await client.complete(BUCKET, key, uploadId, []);
      assert.deepEqual(await verdict(answer), { status: 400, code: 'MalformedXML' });
    });

    it(`${differences.mayLeaveOutParts ? 'leaves out' : 'insists on'} parts that Complete does not name`, async () => {
      const { key, uploadId, bodies, parts } = await begin(5 * MIB, 10);
      const answer = await client.complete(BUCKET, key, uploadId, parts.slice(0, 1));
      if (!differences.mayLeaveOutParts) {
        assert.deepEqual(await verdict(answer), { status: 400, code: 'InvalidPart' });
        return;
      }
      assert.equal(answer.status, 200);
      assert.equal((await client.digest(BUCKET, key)).sha256, hash('sha256', bodies[0]!).toString('hex'));
    });

    it('answers a repeated Complete as it did the first', async () => {
      const { key, uploadId, parts } = await begin(100);
      for (let round = 0; round < 2; round++)
        assert.equal((await client.complete(BUCKET, key, uploadId, parts)).status, 200);
      assert.equal((await client.head(BUCKET, key)).headers.get('content-length'), '100');
    });

    it('replaces the object that was under the key before', async () => {
      const { key, uploadId, bodies, parts } = await begin(100);
      await client.put(BUCKET, key, 'before');
      assert.equal(await (await client.get(BUCKET, key)).text(), 'before');
      await client.complete(BUCKET, key, uploadId, parts);
      assert.equal((await client.digest(BUCKET, key)).sha256, hash('sha256', bodies[0]!).toString('hex'));
    });

    it('refuses upload ids that it never gave', async () => {
      const key = newKey();
      for (const uploadId of ['nothing', '../../objects']) {
        const url = client.address(BUCKET, key, { partNumber: '1', uploadId });
        assert.deepEqual(await verdict(await client.request('PUT', url, { body: 'x' })), {
          status: 404,
          code: 'NoSuchUpload',
        });
      }
    });

    it(`${differences.refusesPartNumbers ? 'refuses' : 'takes'} part numbers outside 1 to 10,000`, async () => {
      const { key, uploadId } = await begin();
      for (const partNumber of [0, 10_001]) {
        const sent = client.uploadPart(BUCKET, key, uploadId, partNumber, random(5));
        if (differences.refusesPartNumbers) await assert.rejects(sent, refusedWith(400, 'InvalidArgument'));
        else await sent;
      }
    });

    it('loses no stored part when it is killed', async () => {
      const { key, uploadId, bodies, parts } = await begin(5 * MIB, 5 * MIB);
      await store.restart('SIGKILL');
      assert.deepEqual(
        await client.listParts(BUCKET, key, uploadId),
        bodies.map((body, index) => ({ partNumber: index + 1, size: body.length, etag: md5(body) })),
      );
      const last = random(77);
      parts.push({ partNumber: 3, etag: await client.uploadPart(BUCKET, key, uploadId, 3, last) });
      assert.equal((await client.complete(BUCKET, key, uploadId, parts)).status, 200);
      await store.restart('SIGKILL');
      assert.equal((await client.digest(BUCKET, key)).sha256, hash('sha256', ...bodies, last).toString('hex'));
    });

    it('gives back content type and own headers of the upload', async () => {
      const key = newKey();
      const uploadId = await client.createUpload(BUCKET, key, {
        'content-type': 'video/x-mule',
        'x-amz-meta-who': 'me',
      });
      const etag = await client.uploadPart(BUCKET, key, uploadId, 1, random(5));
      await client.complete(BUCKET, key, uploadId, [{ partNumber: 1, etag }]);
      const { headers } = await client.head(BUCKET, key);
      assert.equal(headers.get('content-type'), 'video/x-mule');
      assert.equal(headers.get('x-amz-meta-who'), 'me');
    });

    describe('presigned URLs', () => {
      const body = random(1000);
      let key = '';
      let url = '';

      before(async () => {
        key = newKey();
        url = client.address(BUCKET, key, { partNumber: '1', uploadId: await client.createUpload(BUCKET, key) });
      });
      const send = (target: string, init: RequestInit = {}): Promise<Response> =>
        fetch(target, { method: 'PUT', body, ...init });

      it('are taken as they were signed', async () => {
        const answer = await send(await client.presign('PUT', url));
        assert.equal(answer.status, 200);
        assert.equal(answer.headers.get('etag'), `"${md5(body)}"`);
      });

      it('hold the length of the body that they were signed for', async () => {
        const headers = { 'content-length': '1000' };
        assert.equal((await send(await client.presign('PUT', url, { headers }))).status, 200);
        const longer = await send(await client.presign('PUT', url, { headers }), { body: random(1001) });
        assert.deepEqual(await verdict(longer), { status: 403, code: 'SignatureDoesNotMatch' });
      });

      it('expire', async () => {
        const answer = await send(await client.presign('PUT', url, { expires: 60, at: Date.now() - 61_000 }));
        assert.deepEqual(await verdict(answer), { status: 403, code: 'AccessDenied' });
      });

      it(`${differences.refusesFuture ? 'are not' : 'are even'} valid long before their time`, async () => {
        const answer = await send(await client.presign('PUT', url, { at: Date.now() + 20 * 60_000 }));
        assert.equal(answer.status, differences.refusesFuture ? 403 : 200);
      });

      it('serve no other method, key, part or header', async () => {
        const signed = await client.presign('PUT', url, { headers: { 'x-amz-meta-a': '1' } });
        const others = [
          await send(signed.replace('partNumber=1', 'partNumber=2'), { headers: { 'x-amz-meta-a': '1' } }),
          await send(signed.replace('/folder', '/other'), { headers: { 'x-amz-meta-a': '1' } }),
          await send(signed, { headers: { 'x-amz-meta-a': '2' } }),
          await send(signed),
          await send(signed, { method: 'DELETE', body: null, headers: { 'x-amz-meta-a': '1' } }),
        ];
        for (const answer of others)
          assert.deepEqual(await verdict(answer), { status: 403, code: 'SignatureDoesNotMatch' });
      });

      it(`${differences.refusesUnsignedHeaders ? 'forbid' : 'let pass'} x-amz headers that nobody signed`, async () => {
        const answer = await send(await client.presign('PUT', url), { headers: { 'x-amz-meta-b': '1' } });
        assert.equal(answer.status, differences.refusesUnsignedHeaders ? 403 : 200);
      });

      it('of an unknown key are refused', async () => {
        const stranger = new S3Client({ ...store, accessKeyId: 'stranger' });
        const answer = await send(await stranger.presign('PUT', url));
        assert.deepEqual(await verdict(answer), { status: 403, code: 'InvalidAccessKeyId' });
      });
    });

    it('refuses a body that is not the one signed', async () => {
      const { key, uploadId } = await begin();
      const headers = { 'x-amz-content-sha256': hash('sha256', random(5)).toString('hex') };
      const answer = await client.request('PUT', client.address(BUCKET, key, { partNumber: '1', uploadId }), {
        body: 'other',
        headers,
      });
      assert.deepEqual(await verdict(answer), { status: 400, code: 'XAmzContentSHA256Mismatch' });
      assert.deepEqual(await client.listParts(BUCKET, key, uploadId), []);
    });

    it('refuses a body that lost bytes by its Content-MD5', async () => {
      const headers = { 'content-md5': hash('md5', random(5)).toString('base64') };
      assert.deepEqual(await verdict(await client.put(BUCKET, newKey(), 'other', headers)), {
        status: 400,
        code: 'BadDigest',
      });
    });

    it('refuses headers signed at another time of day', async () => {
      const url = client.address(BUCKET, newKey());
      const answer = await client.request('GET', url, { at: Date.now() - 16 * 60_000 });
      assert.deepEqual(await verdict(answer), { status: 403, code: 'RequestTimeTooSkewed' });
    });

    it('refuses who has not signed at all', async () => {
      assert.equal((await fetch(client.address(BUCKET, newKey()))).status, 403);
    });

    it('answers preflights and exposes what pages need', async () => {
      const { key, uploadId } = await begin();
      const url = await client.presign('PUT', client.address(BUCKET, key, { partNumber: '1', uploadId }));
      const headers = {
        origin: ORIGIN,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'content-type,x-amz-meta-a',
      };
      const preflight = await fetch(url, { method: 'OPTIONS', headers });
      assert.equal(preflight.status, 200);
      assert.ok(['*', ORIGIN].includes(preflight.headers.get('access-control-allow-origin')!));
      assert.match(preflight.headers.get('access-control-allow-methods')!, /PUT/);
      assert.match(preflight.headers.get('access-control-allow-headers')!.toLowerCase(), /content-type.*x-amz-meta-a/);
      const answer = await fetch(url, { method: 'PUT', body: 'x', headers: { origin: ORIGIN } });
      assert.ok(['*', ORIGIN].includes(answer.headers.get('access-control-allow-origin')!));
      assert.match(answer.headers.get('access-control-expose-headers')!.toLowerCase(), /etag.*retry-after/);
    });

    it(`${differences.corsOnForbidden ? 'lets' : 'does not let'} pages read a 403`, async () => {
      const url = await client.presign('PUT', client.address(BUCKET, newKey()), {
        expires: 60,
        at: Date.now() - 61_000,
      });
      const answer = await fetch(url, { method: 'PUT', body: 'x', headers: { origin: ORIGIN } });
      assert.equal(answer.status, 403);
      assert.equal(answer.headers.has('access-control-allow-origin'), differences.corsOnForbidden);
    });

    describe('single objects', () => {
      it('are stored, read in ranges, and deleted', async () => {
        const key = newKey();
        const stored = await client.put(BUCKET, key, '0123456789');
        assert.equal(stored.headers.get('etag'), `"${md5(Buffer.from('0123456789'))}"`);
        for (const [range, text] of [
          ['bytes=2-4', '234'],
          ['bytes=7-', '789'],
          ['bytes=-3', '789'],
          ['bytes=8-99', '89'],
        ] as const) {
          const answer = await client.get(BUCKET, key, { range });
          assert.equal(answer.status, 206);
          assert.equal(await answer.text(), text);
        }
        assert.equal((await client.get(BUCKET, key, { range: 'bytes=10-' })).status, 416);
        assert.equal((await client.delete(BUCKET, key)).status, 204);
        assert.equal((await client.delete(BUCKET, key)).status, 204);
        assert.deepEqual(await verdict(await client.get(BUCKET, key)), { status: 404, code: 'NoSuchKey' });
      });

      it('may be empty', async () => {
        const key = newKey();
        assert.equal((await client.put(BUCKET, key, '')).status, 200);
        const head = await client.head(BUCKET, key);
        assert.equal(head.headers.get('content-length'), '0');
        assert.equal(await (await client.get(BUCKET, key)).text(), '');
      });

      it('are read across the borders of parts', async () => {
        const { key, uploadId, bodies, parts } = await begin(5 * MIB, 100);
        await client.complete(BUCKET, key, uploadId, parts);
        const answer = await client.get(BUCKET, key, { range: `bytes=${5 * MIB - 10}-${5 * MIB + 9}` });
        const expected = Buffer.concat([bodies[0]!.subarray(-10), bodies[1]!.subarray(0, 10)]);
        assert.deepEqual(Buffer.from(await answer.arrayBuffer()), expected);
      });

      it('are missed in a bucket that does not exist', async () => {
        assert.deepEqual(await verdict(await client.get('no-such-bucket', 'x')), { status: 404, code: 'NoSuchBucket' });
      });
    });

    describe('POST policy', () => {
      const conditions = [
        { bucket: BUCKET },
        ['starts-with', '$key', 'inbox/'],
        { 'content-type': 'text/plain' },
        { success_action_status: '201' },
        ['content-length-range', 3, 1000],
      ];
      const post = (
        fields: Record<string, string>,
        file: BlobPart,
        expiration = Date.now() + 60_000,
      ): Promise<Response> => {
        const all = { 'content-type': 'text/plain', success_action_status: '201', ...fields };
        return fetch(client.address(BUCKET), {
          method: 'POST',
          body: postForm(store, { conditions, fields: all, expiration }, new Blob([file])),
        });
      };

      it('stores the file of a form', async () => {
        const answer = await post({ key: 'inbox/a b.txt' }, 'hello');
        const text = await answer.text();
        assert.equal(answer.status, 201, text);
        assert.equal(textOf(text, 'Key'), 'inbox/a b.txt');
        const stored = await client.get(BUCKET, 'inbox/a b.txt');
        assert.equal(await stored.text(), 'hello');
        assert.equal(stored.headers.get('content-type'), 'text/plain');
      });

      it('refuses another prefix, type, field or size, and a policy of yesterday', async () => {
        const status = async (answer: Promise<Response>): Promise<number> => (await answer).status;
        assert.equal(await status(post({ key: 'outbox/a.txt' }, 'hello')), 403);
        assert.equal(await status(post({ key: 'inbox/b.txt', 'content-type': 'text/html' }, 'hello')), 403);
        assert.equal(await status(post({ key: 'inbox/c.txt', acl: 'public-read' }, 'hello')), 403);
        assert.equal(await status(post({ key: 'inbox/d.txt' }, 'hello', Date.now() - 1000)), 403);
        assert.deepEqual(await verdict(await post({ key: 'inbox/e.txt' }, 'no')), {
          status: 400,
          code: 'EntityTooSmall',
        });
        assert.deepEqual(await verdict(await post({ key: 'inbox/f.txt' }, random(1001))), {
          status: 400,
          code: 'EntityTooLarge',
        });
        for (const name of 'bcdef') assert.equal((await client.head(BUCKET, `inbox/${name}.txt`)).status, 404);
      });
    });
  });
}
