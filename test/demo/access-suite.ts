import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { S3Client, statusAndCode } from '../servers/s3-client.js';
import { BUCKET, ORIGIN, hash, md5, random } from './store-fixture.js';
import type { StoreFixture } from './store-fixture.js';
import type { Differences } from './stores.js';

/** Tests which requests a store authorizes, and which responses pages may read. */
export function testAccess(fixture: () => StoreFixture, differences: Differences): void {
  describe('presigned URLs', () => {
    const body = random(1000);
    let key = '';
    let url = '';

    before(async () => {
      key = fixture().newKey();
      url = fixture().client.address(BUCKET, key, {
        partNumber: '1',
        uploadId: await fixture().client.createUpload(BUCKET, key),
      });
    });
    const put = (presignedUrl: string, init: RequestInit = {}): Promise<Response> =>
      fetch(presignedUrl, { method: 'PUT', body, ...init });

    it('are accepted', async () => {
      const answer = await put(await fixture().client.presign('PUT', url));
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('etag'), `"${md5(body)}"`);
    });

    it('require the body length that was signed', async () => {
      const headers = { 'content-length': '1000' };
      assert.equal((await put(await fixture().client.presign('PUT', url, { headers }))).status, 200);
      const longer = await put(await fixture().client.presign('PUT', url, { headers }), { body: random(1001) });
      assert.deepEqual(await statusAndCode(longer), { status: 403, code: 'SignatureDoesNotMatch' });
    });

    it('expire', async () => {
      const answer = await put(
        await fixture().client.presign('PUT', url, { expires: 60, signedAt: Date.now() - 61_000 }),
      );
      assert.deepEqual(await statusAndCode(answer), { status: 403, code: 'AccessDenied' });
    });

    it(`are ${differences.rejectsFutureDates ? 'rejected' : 'accepted'} if they were signed at a future time`, async () => {
      const answer = await put(await fixture().client.presign('PUT', url, { signedAt: Date.now() + 20 * 60_000 }));
      assert.equal(answer.status, differences.rejectsFutureDates ? 403 : 200);
    });

    it('are rejected for another method, key, part number or header', async () => {
      const signed = await fixture().client.presign('PUT', url, { headers: { 'x-amz-meta-a': '1' } });
      const others = [
        await put(signed.replace('partNumber=1', 'partNumber=2'), { headers: { 'x-amz-meta-a': '1' } }),
        await put(signed.replace('/folder', '/other'), { headers: { 'x-amz-meta-a': '1' } }),
        await put(signed, { headers: { 'x-amz-meta-a': '2' } }),
        await put(signed),
        await put(signed, { method: 'DELETE', body: null, headers: { 'x-amz-meta-a': '1' } }),
      ];
      for (const answer of others)
        assert.deepEqual(await statusAndCode(answer), { status: 403, code: 'SignatureDoesNotMatch' });
    });

    it(`are ${differences.refusesUnsignedHeaders ? 'rejected' : 'accepted'} with unsigned x-amz headers`, async () => {
      const answer = await put(await fixture().client.presign('PUT', url), { headers: { 'x-amz-meta-b': '1' } });
      assert.equal(answer.status, differences.refusesUnsignedHeaders ? 403 : 200);
    });

    it('are rejected if their access key is unknown', async () => {
      const unknownClient = new S3Client({ ...fixture().store, accessKeyId: 'unknown' });
      const answer = await put(await unknownClient.presign('PUT', url));
      assert.deepEqual(await statusAndCode(answer), { status: 403, code: 'InvalidAccessKeyId' });
    });
  });

  it('rejects a body that does not match its signed SHA-256', async () => {
    const { key, uploadId } = await fixture().startUpload();
    const headers = { 'x-amz-content-sha256': hash('sha256', random(5)).toString('hex') };
    const answer = await fixture().client.request(
      'PUT',
      fixture().client.address(BUCKET, key, { partNumber: '1', uploadId }),
      {
        body: 'other',
        headers,
      },
    );
    assert.deepEqual(await statusAndCode(answer), { status: 400, code: 'XAmzContentSHA256Mismatch' });
    assert.deepEqual(await fixture().client.listParts(BUCKET, key, uploadId), []);
  });

  it('rejects a body that does not match its Content-MD5', async () => {
    const headers = { 'content-md5': hash('md5', random(5)).toString('base64') };
    assert.deepEqual(await statusAndCode(await fixture().client.put(BUCKET, fixture().newKey(), 'other', headers)), {
      status: 400,
      code: 'BadDigest',
    });
  });

  it('rejects an Authorization header that was signed 16 minutes ago', async () => {
    const url = fixture().client.address(BUCKET, fixture().newKey());
    const answer = await fixture().client.request('GET', url, { signedAt: Date.now() - 16 * 60_000 });
    assert.deepEqual(await statusAndCode(answer), { status: 403, code: 'RequestTimeTooSkewed' });
  });

  it('rejects unsigned requests', async () => {
    assert.equal((await fetch(fixture().client.address(BUCKET, fixture().newKey()))).status, 403);
  });

  it('answers preflights, and lets pages read ETag and Retry-After', async () => {
    const { key, uploadId } = await fixture().startUpload();
    const url = await fixture().client.presign(
      'PUT',
      fixture().client.address(BUCKET, key, { partNumber: '1', uploadId }),
    );
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

  it(`${differences.hasCorsOnForbidden ? 'lets' : 'does not let'} pages read a 403 response`, async () => {
    const url = await fixture().client.presign('PUT', fixture().client.address(BUCKET, fixture().newKey()), {
      expires: 60,
      signedAt: Date.now() - 61_000,
    });
    const answer = await fetch(url, { method: 'PUT', body: 'x', headers: { origin: ORIGIN } });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.has('access-control-allow-origin'), differences.hasCorsOnForbidden);
  });
}
