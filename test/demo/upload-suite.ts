import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MIB } from '../../src/limits.js';
import { statusAndCode } from '../servers/s3-client.js';
import type { S3Error } from '../servers/s3-client.js';
import { textOf } from '../servers/xml-text.js';
import { BUCKET, hash, md5, random, refusedWith } from './store-lab.js';
import type { StoreLab } from './store-lab.js';
import type { Differences } from './stores.js';

/** Tests multipart uploads on a store. */
export function testUploads(open: () => StoreLab, differences: Differences): void {
  it('combines the parts into one object, byte for byte', async () => {
    const { key, uploadId, bodies, parts } = await open().begin(6 * MIB, 5 * MIB, 1);
    assert.deepEqual(
      parts.map(({ etag }) => etag),
      bodies.map(md5),
    );
    const answer = await open().client.complete(BUCKET, key, uploadId, parts);
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const etag = `"${hash('md5', ...bodies.map((body) => hash('md5', body))).toString('hex')}-3"`;
    assert.equal(textOf(text, 'ETag'), differences.completeTellsEtag ? etag : '');
    const head = await open().client.head(BUCKET, key);
    assert.equal(head.headers.get('etag'), etag);
    assert.equal(head.headers.get('content-length'), String(11 * MIB + 1));
    assert.deepEqual(await open().client.digest(BUCKET, key), {
      sha256: hash('sha256', ...bodies).toString('hex'),
      size: 11 * MIB + 1,
    });
    assert.deepEqual(await open().client.listUploads(BUCKET), []);
  });

  it('accepts one small part, and one empty part', async () => {
    for (const size of [1, 0]) {
      const { key, uploadId, bodies, parts } = await open().begin(size);
      assert.equal((await open().client.complete(BUCKET, key, uploadId, parts)).status, 200);
      assert.deepEqual(await open().client.digest(BUCKET, key), {
        sha256: hash('sha256', ...bodies).toString('hex'),
        size,
      });
    }
  });

  it('keeps the last version of a part sent twice', async () => {
    const { key, uploadId } = await open().begin(1000);
    const again = random(2000);
    const etag = await open().client.uploadPart(BUCKET, key, uploadId, 1, again);
    assert.deepEqual(await open().client.listParts(BUCKET, key, uploadId), [
      { partNumber: 1, size: 2000, etag: md5(again) },
    ]);
    assert.equal((await open().client.complete(BUCKET, key, uploadId, [{ partNumber: 1, etag }])).status, 200);
    assert.equal((await open().client.digest(BUCKET, key)).sha256, hash('sha256', again).toString('hex'));
  });

  it('accepts parts in any order and with gaps in their numbers', async () => {
    const key = open().newKey();
    const uploadId = await open().client.createUpload(BUCKET, key);
    const [last, first] = [random(10), random(5 * MIB)];
    const parts = [
      { partNumber: 10_000, etag: await open().client.uploadPart(BUCKET, key, uploadId, 10_000, last) },
      { partNumber: 7, etag: await open().client.uploadPart(BUCKET, key, uploadId, 7, first) },
    ].reverse();
    assert.equal((await open().client.complete(BUCKET, key, uploadId, parts)).status, 200);
    assert.equal((await open().client.digest(BUCKET, key)).sha256, hash('sha256', first, last).toString('hex'));
  });

  it('lists stored parts page by page, in order, with exact sizes', async () => {
    const sizes = [11, 22, 33, 44, 55];
    const { key, uploadId, bodies } = await open().begin(...sizes);
    const first = await open().client.listPartsPage(BUCKET, key, uploadId, { limit: 2 });
    assert.deepEqual(
      first.parts,
      [1, 2].map((partNumber) => ({ partNumber, size: sizes[partNumber - 1], etag: md5(bodies[partNumber - 1]!) })),
    );
    assert.equal(first.isTruncated, true);
    assert.equal(first.nextMarker, 2);
    const second = await open().client.listPartsPage(BUCKET, key, uploadId, { limit: 2, marker: 2 });
    assert.deepEqual(
      second.parts.map(({ size }) => size),
      [33, 44],
    );
    const last = await open().client.listPartsPage(BUCKET, key, uploadId, { limit: 2, marker: 4 });
    assert.deepEqual(
      last.parts.map(({ partNumber, size }) => [partNumber, size]),
      [[5, 55]],
    );
    assert.equal(last.isTruncated, false);
  });

  it('lists no parts of an upload that has none', async () => {
    const { key, uploadId } = await open().begin();
    assert.deepEqual(await open().client.listParts(BUCKET, key, uploadId), []);
  });

  it('lists unfinished uploads, which are not objects yet', async () => {
    const { key, uploadId } = await open().begin(5);
    assert.ok(
      (await open().client.listUploads(BUCKET)).some((upload) => upload.uploadId === uploadId && upload.key === key),
    );
    assert.equal((await open().client.head(BUCKET, key)).status, 404);
    assert.equal((await open().client.abort(BUCKET, key, uploadId)).status, 204);
    assert.ok(!(await open().client.listUploads(BUCKET)).some((upload) => upload.uploadId === uploadId));
  });

  it('deletes an aborted upload with all its parts', async () => {
    const { key, uploadId, parts } = await open().begin(5 * MIB, 5);
    await open().client.abort(BUCKET, key, uploadId);
    const gone = (answer: { status: number; code: string }): void =>
      assert.ok(
        answer.status === 404 && ['NoSuchUpload', differences.codeAfterAbort].includes(answer.code),
        JSON.stringify(answer),
      );
    await assert.rejects(open().client.listParts(BUCKET, key, uploadId), refusedWith(404, differences.codeAfterAbort));
    assert.deepEqual(
      await statusAndCode(await open().client.complete(BUCKET, key, uploadId, parts)),
      differences.completeAfterAbort,
    );
    gone(await statusAndCode(await open().client.abort(BUCKET, key, uploadId)));
    await assert.rejects(
      open().client.uploadPart(BUCKET, key, uploadId, 3, random(5)),
      (error: S3Error) => (gone(error), true),
    );
    assert.equal((await open().client.head(BUCKET, key)).status, 404);
  });

  it('rejects a part that is too small, unless it is the last', async () => {
    const { key, uploadId, parts } = await open().begin(5 * MIB - 1, 5);
    assert.deepEqual(await statusAndCode(await open().client.complete(BUCKET, key, uploadId, parts)), {
      status: 400,
      code: 'EntityTooSmall',
    });
    assert.equal((await open().client.listParts(BUCKET, key, uploadId)).length, 2);
  });

  it('rejects parts that were never sent, or have other ETags', async () => {
    const { key, uploadId, parts } = await open().begin(10);
    const never = [...parts, { partNumber: 2, etag: md5(random(1)) }];
    const otherwise = [{ partNumber: 1, etag: md5(random(1)) }];
    for (const list of [never, otherwise]) {
      assert.deepEqual(await statusAndCode(await open().client.complete(BUCKET, key, uploadId, list)), {
        status: 400,
        code: 'InvalidPart',
      });
    }
    assert.equal((await open().client.complete(BUCKET, key, uploadId, parts)).status, 200);
  });

  it(`${differences.refusesDisorder ? 'refuses' : 'sorts'} parts named out of order`, async () => {
    const { key, uploadId, bodies, parts } = await open().begin(5 * MIB, 10);
    const answer = await open().client.complete(BUCKET, key, uploadId, parts.toReversed());
    if (differences.refusesDisorder) {
      assert.deepEqual(await statusAndCode(answer), { status: 400, code: 'InvalidPartOrder' });
      return;
    }
    assert.equal(answer.status, 200);
    assert.equal((await open().client.digest(BUCKET, key)).sha256, hash('sha256', ...bodies).toString('hex'));
  });

  it('rejects an empty list of parts', async () => {
    const { key, uploadId } = await open().begin(10);
    const answer = await open().client.complete(BUCKET, key, uploadId, []);
    assert.deepEqual(await statusAndCode(answer), { status: 400, code: 'MalformedXML' });
  });

  it(`${differences.mayLeaveOutParts ? 'leaves out' : 'insists on'} parts that Complete does not name`, async () => {
    const { key, uploadId, bodies, parts } = await open().begin(5 * MIB, 10);
    const answer = await open().client.complete(BUCKET, key, uploadId, parts.slice(0, 1));
    if (!differences.mayLeaveOutParts) {
      assert.deepEqual(await statusAndCode(answer), { status: 400, code: 'InvalidPart' });
      return;
    }
    assert.equal(answer.status, 200);
    assert.equal((await open().client.digest(BUCKET, key)).sha256, hash('sha256', bodies[0]!).toString('hex'));
  });

  it('answers a repeated Complete as the first one', async () => {
    const { key, uploadId, parts } = await open().begin(100);
    for (let round = 0; round < 2; round++)
      assert.equal((await open().client.complete(BUCKET, key, uploadId, parts)).status, 200);
    assert.equal((await open().client.head(BUCKET, key)).headers.get('content-length'), '100');
  });

  it('replaces an existing object of the key', async () => {
    const { key, uploadId, bodies, parts } = await open().begin(100);
    await open().client.put(BUCKET, key, 'before');
    assert.equal(await (await open().client.get(BUCKET, key)).text(), 'before');
    await open().client.complete(BUCKET, key, uploadId, parts);
    assert.equal((await open().client.digest(BUCKET, key)).sha256, hash('sha256', bodies[0]!).toString('hex'));
  });

  it('rejects unknown upload IDs', async () => {
    const key = open().newKey();
    for (const uploadId of ['nothing', '../../objects']) {
      const url = open().client.address(BUCKET, key, { partNumber: '1', uploadId });
      assert.deepEqual(await statusAndCode(await open().client.request('PUT', url, { body: 'x' })), {
        status: 404,
        code: 'NoSuchUpload',
      });
    }
  });

  it(`${differences.refusesPartNumbers ? 'refuses' : 'takes'} part numbers outside 1 to 10,000`, async () => {
    const { key, uploadId } = await open().begin();
    for (const partNumber of [0, 10_001]) {
      const sent = open().client.uploadPart(BUCKET, key, uploadId, partNumber, random(5));
      if (differences.refusesPartNumbers) await assert.rejects(sent, refusedWith(400, 'InvalidArgument'));
      else await sent;
    }
  });

  it('loses no stored part when it is killed', async () => {
    const { key, uploadId, bodies, parts } = await open().begin(5 * MIB, 5 * MIB);
    await open().store.restart('SIGKILL');
    assert.deepEqual(
      await open().client.listParts(BUCKET, key, uploadId),
      bodies.map((body, index) => ({ partNumber: index + 1, size: body.length, etag: md5(body) })),
    );
    const last = random(77);
    parts.push({ partNumber: 3, etag: await open().client.uploadPart(BUCKET, key, uploadId, 3, last) });
    assert.equal((await open().client.complete(BUCKET, key, uploadId, parts)).status, 200);
    await open().store.restart('SIGKILL');
    assert.equal((await open().client.digest(BUCKET, key)).sha256, hash('sha256', ...bodies, last).toString('hex'));
  });

  it('returns content type and metadata of the upload', async () => {
    const key = open().newKey();
    const uploadId = await open().client.createUpload(BUCKET, key, {
      'content-type': 'video/x-mule',
      'x-amz-meta-who': 'me',
    });
    const etag = await open().client.uploadPart(BUCKET, key, uploadId, 1, random(5));
    await open().client.complete(BUCKET, key, uploadId, [{ partNumber: 1, etag }]);
    const { headers } = await open().client.head(BUCKET, key);
    assert.equal(headers.get('content-type'), 'video/x-mule');
    assert.equal(headers.get('x-amz-meta-who'), 'me');
  });
}
