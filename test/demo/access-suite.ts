import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { S3Client, statusAndCode } from '../servers/s3-client.js';
import { BUCKET, ORIGIN, hash, md5, random } from './store-lab.js';
import type { StoreLab } from './store-lab.js';
import type { Differences } from './stores.js';

/** Whose requests a store accepts, and which pages may read its responses. */
export function testAccess(open: () => StoreLab, differences: Differences): void {
  describe('presigned URLs', () => {
    const body = random(1000);
    let key = '';
    let url = '';

    before(async () => {
      key = open().newKey();
      url = open().client.address(BUCKET, key, {
        partNumber: '1',
        uploadId: await open().client.createUpload(BUCKET, key),
      });
    });
    const send = (target: string, init: RequestInit = {}): Promise<Response> =>
      fetch(target, { method: 'PUT', body, ...init });

    it('are accepted as they were signed', async () => {
      const answer = await send(await open().client.presign('PUT', url));
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('etag'), `"${md5(body)}"`);
    });

    it('require the body length that they were signed for', async () => {
      const headers = { 'content-length': '1000' };
      assert.equal((await send(await open().client.presign('PUT', url, { headers }))).status, 200);
      const longer = await send(await open().client.presign('PUT', url, { headers }), { body: random(1001) });
      assert.deepEqual(await statusAndCode(longer), { status: 403, code: 'SignatureDoesNotMatch' });
    });

    it('expire', async () => {
      const answer = await send(
        await open().client.presign('PUT', url, { expires: 60, signedAt: Date.now() - 61_000 }),
      );
      assert.deepEqual(await statusAndCode(answer), { status: 403, code: 'AccessDenied' });
    });

    it(`${differences.refusesFuture ? 'are not' : 'are even'} valid long before their time`, async () => {
      const answer = await send(await open().client.presign('PUT', url, { signedAt: Date.now() + 20 * 60_000 }));
      assert.equal(answer.status, differences.refusesFuture ? 403 : 200);
    });

    it('are valid for no other method, key, part or header', async () => {
      const signed = await open().client.presign('PUT', url, { headers: { 'x-amz-meta-a': '1' } });
      const others = [
        await send(signed.replace('partNumber=1', 'partNumber=2'), { headers: { 'x-amz-meta-a': '1' } }),
        await send(signed.replace('/folder', '/other'), { headers: { 'x-amz-meta-a': '1' } }),
        await send(signed, { headers: { 'x-amz-meta-a': '2' } }),
        await send(signed),
        await send(signed, { method: 'DELETE', body: null, headers: { 'x-amz-meta-a': '1' } }),
      ];
      for (const answer of others)
        assert.deepEqual(await statusAndCode(answer), { status: 403, code: 'SignatureDoesNotMatch' });
    });

    it(`${differences.refusesUnsignedHeaders ? 'forbid' : 'let pass'} unsigned x-amz headers`, async () => {
      const answer = await send(await open().client.presign('PUT', url), { headers: { 'x-amz-meta-b': '1' } });
      assert.equal(answer.status, differences.refusesUnsignedHeaders ? 403 : 200);
    });

    it('of an unknown access key are rejected', async () => {
      const stranger = new S3Client({ ...open().store, accessKeyId: 'stranger' });
      const answer = await send(await stranger.presign('PUT', url));
      assert.deepEqual(await statusAndCode(answer), { status: 403, code: 'InvalidAccessKeyId' });
    });
  });

  it('rejects a body that is not the signed one', async () => {
    const { key, uploadId } = await open().begin();
    const headers = { 'x-amz-content-sha256': hash('sha256', random(5)).toString('hex') };
    const answer = await open().client.request(
      'PUT',
      open().client.address(BUCKET, key, { partNumber: '1', uploadId }),
      {
        body: 'other',
        headers,
      },
    );
    assert.deepEqual(await statusAndCode(answer), { status: 400, code: 'XAmzContentSHA256Mismatch' });
    assert.deepEqual(await open().client.listParts(BUCKET, key, uploadId), []);
  });

  it('rejects a body that lost bytes, by its Content-MD5', async () => {
    const headers = { 'content-md5': hash('md5', random(5)).toString('base64') };
    assert.deepEqual(await statusAndCode(await open().client.put(BUCKET, open().newKey(), 'other', headers)), {
      status: 400,
      code: 'BadDigest',
    });
  });

  it('rejects headers signed at another time of day', async () => {
    const url = open().client.address(BUCKET, open().newKey());
    const answer = await open().client.request('GET', url, { signedAt: Date.now() - 16 * 60_000 });
    assert.deepEqual(await statusAndCode(answer), { status: 403, code: 'RequestTimeTooSkewed' });
  });

  it('rejects unsigned requests', async () => {
    assert.equal((await fetch(open().client.address(BUCKET, open().newKey()))).status, 403);
  });

  it('answers preflights and exposes what pages need', async () => {
    const { key, uploadId } = await open().begin();
    const url = await open().client.presign('PUT', open().client.address(BUCKET, key, { partNumber: '1', uploadId }));
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
    const url = await open().client.presign('PUT', open().client.address(BUCKET, open().newKey()), {
      expires: 60,
      signedAt: Date.now() - 61_000,
    });
    const answer = await fetch(url, { method: 'PUT', body: 'x', headers: { origin: ORIGIN } });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.has('access-control-allow-origin'), differences.corsOnForbidden);
  });
}
