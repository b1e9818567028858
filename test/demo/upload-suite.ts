import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MIB } from '../../src/limits.js';
import { statusAndCode } from '../servers/s3-client.js';
import type { S3Error } from '../servers/s3-client.js';
import { textOf } from '../servers/xml-text.js';
import { BUCKET, hash, md5, random, refusedWith } from './store-fixture.js';
import type { StoreFixture } from './store-fixture.js';
import type { Differences } from './stores.js';

/** Tests multipart uploads on a store. */
export function testUploads(fixture: () => StoreFixture, differences: Differences): void {
  it('combines the parts into one object, byte for byte', async () => {
    const { key, uploadId, bodies, parts } = await fixture().startUpload(6 * MIB, 5 * MIB, 1);
    assert.deepEqual(
      parts.map(({ etag }) => etag),
      bodies.map(md5),
    );
    const answer = await fixture().client.complete(BUCKET, key, uploadId, parts);
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const etag = `"${hash('md5', ...bodies.map((body) => hash('md5', body))).toString('hex')}-3"`;
    assert.equal(textOf(text, 'ETag'), differences.completeReturnsEtag ? etag : '');
    const head = await fixture().client.head(BUCKET, key);
    assert.equal(head.headers.get('etag'), etag);
    assert.equal(head.headers.get('content-length'), String(11 * MIB + 1));
    assert.deepEqual(await fixture().client.digest(BUCKET, key), {
      sha256: hash('sha256', ...bodies).toString('hex'),
      size: 11 * MIB + 1,
    });
    assert.deepEqual(await fixture().client.listUploads(BUCKET), []);
  });

  it('accepts an upload whose only part is small or empty', async () => {
    for (const size of [1, 0]) {
      const { key, uploadId, bodies, parts } = await fixture().startUpload(size);
      assert.equal((await fixture().client.complete(BUCKET, key, uploadId, parts)).status, 200);
      assert.deepEqual(await fixture().client.digest(BUCKET, key), {
        sha256: hash('sha256', ...bodies).toString('hex'),
        size,
      });
    }
  });

  it('keeps the last body of a part that is sent twice', async () => {
    const { key, uploadId } = await fixture().startUpload(1000);
    const replacement = random(2000);
    const etag = await fixture().client.uploadPart(BUCKET, key, uploadId, 1, replacement);
    assert.deepEqual(await fixture().client.listParts(BUCKET, key, uploadId), [
      { partNumber: 1, size: 2000, etag: md5(replacement) },
    ]);
    assert.equal((await fixture().client.complete(BUCKET, key, uploadId, [{ partNumber: 1, etag }])).status, 200);
    assert.equal((await fixture().client.digest(BUCKET, key)).sha256, hash('sha256', replacement).toString('hex'));
  });

  it('accepts parts that are sent in any order, with gaps between their numbers', async () => {
    const key = fixture().newKey();
    const uploadId = await fixture().client.createUpload(BUCKET, key);
    const [last, first] = [random(10), random(5 * MIB)];
    const parts = [
      { partNumber: 10_000, etag: await fixture().client.uploadPart(BUCKET, key, uploadId, 10_000, last) },
      { partNumber: 7, etag: await fixture().client.uploadPart(BUCKET, key, uploadId, 7, first) },
    ].reverse();
    assert.equal((await fixture().client.complete(BUCKET, key, uploadId, parts)).status, 200);
    assert.equal((await fixture().client.digest(BUCKET, key)).sha256, hash('sha256', first, last).toString('hex'));
  });

  it('lists stored parts page by page, in order, with exact sizes', async () => {
    const sizes = [11, 22, 33, 44, 55];
    const { key, uploadId, bodies } = await fixture().startUpload(...sizes);
    const first = await fixture().client.listPartsPage(BUCKET, key, uploadId, { limit: 2 });
    assert.deepEqual(
      first.parts,
      [1, 2].map((partNumber) => ({ partNumber, size: sizes[partNumber - 1], etag: md5(bodies[partNumber - 1]!) })),
    );
    assert.equal(first.isTruncated, true);
    assert.equal(first.nextMarker, 2);
    const second = await fixture().client.listPartsPage(BUCKET, key, uploadId, { limit: 2, marker: 2 });
    assert.deepEqual(
      second.parts.map(({ size }) => size),
      [33, 44],
    );
    const last = await fixture().client.listPartsPage(BUCKET, key, uploadId, { limit: 2, marker: 4 });
    assert.deepEqual(
      last.parts.map(({ partNumber, size }) => [partNumber, size]),
      [[5, 55]],
    );
    assert.equal(last.isTruncated, false);
  });

  it('lists no parts of an upload that has none', async () => {
    const { key, uploadId } = await fixture().startUpload();
    assert.deepEqual(await fixture().client.listParts(BUCKET, key, uploadId), []);
  });

  it('lists unfinished uploads, which are not objects yet', async () => {
    const { key, uploadId } = await fixture().startUpload(5);
    assert.ok(
      (await fixture().client.listUploads(BUCKET)).some((upload) => upload.uploadId === uploadId && upload.key === key),
    );
    assert.equal((await fixture().client.head(BUCKET, key)).status, 404);
    assert.equal((await fixture().client.abort(BUCKET, key, uploadId)).status, 204);
    assert.ok(!(await fixture().client.listUploads(BUCKET)).some((upload) => upload.uploadId === uploadId));
  });

  it('deletes an aborted upload with all its parts', async () => {
    const { key, uploadId, parts } = await fixture().startUpload(5 * MIB, 5);
    await fixture().client.abort(BUCKET, key, uploadId);
    const expectNotFound = (answer: { status: number; code: string }): void =>
      assert.ok(
        answer.status === 404 && ['NoSuchUpload', differences.codeAfterAbort].includes(answer.code),
        JSON.stringify(answer),
      );
    await assert.rejects(
      fixture().client.listParts(BUCKET, key, uploadId),
      refusedWith(404, differences.codeAfterAbort),
    );
    assert.deepEqual(
      await statusAndCode(await fixture().client.complete(BUCKET, key, uploadId, parts)),
      differences.completeAfterAbort,
    );
    expectNotFound(await statusAndCode(await fixture().client.abort(BUCKET, key, uploadId)));
    await assert.rejects(
      fixture().client.uploadPart(BUCKET, key, uploadId, 3, random(5)),
      (error: S3Error) => (expectNotFound(error), true),
    );
    assert.equal((await fixture().client.head(BUCKET, key)).status, 404);
  });

  it('rejects a part below 5 MiB, unless it is the last', async () => {
    const { key, uploadId, parts } = await fixture().startUpload(5 * MIB - 1, 5);
    assert.deepEqual(await statusAndCode(await fixture().client.complete(BUCKET, key, uploadId, parts)), {
      status: 400,
      code: 'EntityTooSmall',
    });
    assert.equal((await fixture().client.listParts(BUCKET, key, uploadId)).length, 2);
  });

  it('rejects a list with parts that were never sent, or with other ETags', async () => {
    const { key, uploadId, parts } = await fixture().startUpload(10);
    const withUnsentPart = [...parts, { partNumber: 2, etag: md5(random(1)) }];
    const withOtherEtag = [{ partNumber: 1, etag: md5(random(1)) }];
    for (const list of [withUnsentPart, withOtherEtag]) {
      assert.deepEqual(await statusAndCode(await fixture().client.complete(BUCKET, key, uploadId, list)), {
        status: 400,
        code: 'InvalidPart',
      });
    }
    assert.equal((await fixture().client.complete(BUCKET, key, uploadId, parts)).status, 200);
  });

  it(`${differences.requiresPartOrder ? 'rejects' : 'sorts'} a list of parts in the wrong order`, async () => {
    const { key, uploadId, bodies, parts } = await fixture().startUpload(5 * MIB, 10);
    const answer = await fixture().client.complete(BUCKET, key, uploadId, parts.toReversed());
    if (differences.requiresPartOrder) {
      assert.deepEqual(await statusAndCode(answer), { status: 400, code: 'InvalidPartOrder' });
      return;
    }
    assert.equal(answer.status, 200);
    assert.equal((await fixture().client.digest(BUCKET, key)).sha256, hash('sha256', ...bodies).toString('hex'));
  });

  it('rejects an empty list of parts', async () => {
    const { key, uploadId } = await fixture().startUpload(10);
    const answer = await fixture().client.complete(BUCKET, key, uploadId, []);
    assert.deepEqual(await statusAndCode(answer), { status: 400, code: 'MalformedXML' });
  });

  it(`${differences.allowsOmittedParts ? 'accepts' : 'rejects'} a list that omits stored parts`, async () => {
    const { key, uploadId, bodies, parts } = await fixture().startUpload(5 * MIB, 10);
    const answer = await fixture().client.complete(BUCKET, key, uploadId, parts.slice(0, 1));
    if (!differences.allowsOmittedParts) {
      assert.deepEqual(await statusAndCode(answer), { status: 400, code: 'InvalidPart' });
      return;
    }
    assert.equal(answer.status, 200);
    assert.equal((await fixture().client.digest(BUCKET, key)).sha256, hash('sha256', bodies[0]!).toString('hex'));
  });

  it('accepts the same CompleteMultipartUpload twice', async () => {
    const { key, uploadId, parts } = await fixture().startUpload(100);
    for (let round = 0; round < 2; round++)
      assert.equal((await fixture().client.complete(BUCKET, key, uploadId, parts)).status, 200);
    assert.equal((await fixture().client.head(BUCKET, key)).headers.get('content-length'), '100');
  });

  it('replaces an existing object with the same key', async () => {
    const { key, uploadId, bodies, parts } = await fixture().startUpload(100);
    await fixture().client.put(BUCKET, key, 'before');
    assert.equal(await (await fixture().client.get(BUCKET, key)).text(), 'before');
    await fixture().client.complete(BUCKET, key, uploadId, parts);
    assert.equal((await fixture().client.digest(BUCKET, key)).sha256, hash('sha256', bodies[0]!).toString('hex'));
  });

  it('rejects unknown upload IDs', async () => {
    const key = fixture().newKey();
    for (const uploadId of ['nothing', '../../objects']) {
      const url = fixture().client.address(BUCKET, key, { partNumber: '1', uploadId });
      assert.deepEqual(await statusAndCode(await fixture().client.request('PUT', url, { body: 'x' })), {
        status: 404,
        code: 'NoSuchUpload',
      });
    }
  });

  it(`${differences.limitsPartNumbers ? 'rejects' : 'accepts'} part numbers outside 1 to 10,000`, async () => {
    const { key, uploadId } = await fixture().startUpload();
    for (const partNumber of [0, 10_001]) {
      const sent = fixture().client.uploadPart(BUCKET, key, uploadId, partNumber, random(5));
      if (differences.limitsPartNumbers) await assert.rejects(sent, refusedWith(400, 'InvalidArgument'));
      else await sent;
    }
  });

  it('keeps stored parts and objects when it is killed', async () => {
    const { key, uploadId, bodies, parts } = await fixture().startUpload(5 * MIB, 5 * MIB);
    await fixture().store.restart('SIGKILL');
    assert.deepEqual(
      await fixture().client.listParts(BUCKET, key, uploadId),
      bodies.map((body, index) => ({ partNumber: index + 1, size: body.length, etag: md5(body) })),
    );
    const last = random(77);
    parts.push({ partNumber: 3, etag: await fixture().client.uploadPart(BUCKET, key, uploadId, 3, last) });
    assert.equal((await fixture().client.complete(BUCKET, key, uploadId, parts)).status, 200);
    await fixture().store.restart('SIGKILL');
    assert.equal((await fixture().client.digest(BUCKET, key)).sha256, hash('sha256', ...bodies, last).toString('hex'));
  });

  it('returns the content type and the metadata of the upload', async () => {
    const key = fixture().newKey();
    const uploadId = await fixture().client.createUpload(BUCKET, key, {
      'content-type': 'video/x-mule',
      'x-amz-meta-who': 'me',
    });
    const etag = await fixture().client.uploadPart(BUCKET, key, uploadId, 1, random(5));
    await fixture().client.complete(BUCKET, key, uploadId, [{ partNumber: 1, etag }]);
    const { headers } = await fixture().client.head(BUCKET, key);
    assert.equal(headers.get('content-type'), 'video/x-mule');
    assert.equal(headers.get('x-amz-meta-who'), 'me');
  });
}
