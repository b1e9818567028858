import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AwsV4Signer } from 'aws4fetch';
import { createPresigner, createSigningKeys } from '../../../src/signer/s3/presign.js';
import type { Credentials, StoreOperation } from '../../../src/signer/s3/presign.js';
import { locateStore } from '../../../src/signer/s3/store-address.js';
import { CREDENTIALS, NOW } from '../caller.js';

/** Signs the same operation with aws4fetch, which shares no code with this signer. */
async function signByAws4fetch(
  operation: StoreOperation,
  url: string,
  region: string,
  credentials: Credentials,
  now: number,
): Promise<URL> {
  const target = new URL(url);
  for (const name of [...target.searchParams.keys()])
    if (name.startsWith('X-Amz-') && name !== 'X-Amz-Expires') target.searchParams.delete(name);
  const headers = new Headers(operation.headers);
  if (operation.contentLength !== undefined) headers.set('content-length', String(operation.contentLength));
  const signer = new AwsV4Signer({
    ...credentials,
    url: target.href,
    method: operation.method,
    headers,
    region,
    service: 's3',
    signQuery: true,
    allHeaders: true,
    datetime: new Date(now).toISOString().replace(/[-:]|\.\d+/g, ''),
  });
  return (await signer.sign()).url;
}

const signatureIn = (url: string | URL) => new URL(url).searchParams.get('X-Amz-Signature');

describe('presign', () => {
  it("returns the signature of Amazon's published example of a presigned URL", async () => {
    const store = locateStore({
      bucket: 'examplebucket',
      region: 'us-east-1',
      endpoint: 'https://s3.amazonaws.com',
      pathStyle: false,
    });
    const { url } = await createPresigner(store, 'us-east-1')(
      { method: 'GET', key: 'test.txt' },
      {
        credentials: {
          accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
          secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
        },
        now: Date.UTC(2013, 4, 24),
        lifetimeS: 86_400,
      },
    );
    assert.equal(
      url,
      'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256'
        + '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z'
        + '&X-Amz-Expires=86400&X-Amz-SignedHeaders=host'
        + '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    );
  });

  const keys = [
    'plain.bin',
    'a b.txt',
    'a+b=c&d.txt',
    '100%.txt',
    '%41%2F',
    'ünï/cødé/文字/🎬.mp4',
    "quo'te(1)!*~.-_",
    'a//b/',
    'x?y#z;@:,$[]|^`"<>{}\\',
  ];
  const operations: Omit<StoreOperation, 'key'>[] = [
    { method: 'GET' },
    { method: 'HEAD' },
    {
      method: 'POST',
      query: { uploads: '' },
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-amz-acl': 'private' },
    },
    { method: 'PUT', query: { partNumber: '7', uploadId: 'Ab+/=~.-_ %' }, contentLength: 8_388_608 },
    { method: 'PUT', contentLength: 0, headers: { 'content-type': 'a/b;  c=d' } },
    { method: 'DELETE', query: { uploadId: '2~x' } },
    { method: 'GET', query: { uploadId: 'u', 'part-number-marker': '1000' } },
  ];
  const stores = [
    { bucket: 'bucket', region: 'eu-central-1' },
    { bucket: 'dotted.bucket', region: 'us-west-2' },
    { bucket: 'bucket', region: 'auto', endpoint: 'https://example.org:8443/gate/way/' },
    { bucket: 'bucket', region: 'us-east-1', endpoint: 'http://127.0.0.1:9000' },
  ];
  for (const address of stores) {
    it(`agrees with aws4fetch on every operation and unusual key for ${address.endpoint ?? `${address.bucket} in ${address.region}`}`, async () => {
      const presign = createPresigner(locateStore(address), address.region);
      for (const credentials of [CREDENTIALS, { ...CREDENTIALS, sessionToken: 'tok/en+==' }]) {
        for (const key of keys) {
          for (const withoutKey of operations) {
            const operation = { ...withoutKey, key };
            const { url } = await presign(operation, { credentials, now: NOW, lifetimeS: 900 });
            const other = await signByAws4fetch(operation, url, address.region, credentials, NOW);
            assert.equal(signatureIn(url), signatureIn(other), `${operation.method} ${key}`);
            assert.deepEqual(Object.fromEntries(new URL(url).searchParams), Object.fromEntries(other.searchParams));
          }
        }
      }
    });
  }

  it('returns a path that URL parsers do not change', async () => {
    const presign = createPresigner(locateStore(stores[3]!), 'us-east-1');
    for (const key of keys) {
      const { url } = await presign({ method: 'GET', key }, { credentials: CREDENTIALS, now: NOW, lifetimeS: 900 });
      assert.equal(new URL(url).href, url);
      assert.equal(decodeURIComponent(new URL(url).pathname), `/bucket/${key}`);
    }
  });

  it('returns every signed header except those that the browser sets itself', async () => {
    const presign = createPresigner(locateStore(stores[3]!), 'us-east-1');
    const { url, headers } = await presign(
      { method: 'PUT', key: 'k', contentLength: 5, headers: { 'content-type': 'a/b', 'x-amz-acl': 'private' } },
      { credentials: CREDENTIALS, now: NOW, lifetimeS: 900 },
    );
    assert.equal(new URL(url).searchParams.get('X-Amz-SignedHeaders'), 'content-length;content-type;host;x-amz-acl');
    assert.deepEqual(headers, { 'content-type': 'a/b', 'x-amz-acl': 'private' });
  });

  it('derives one signing key for a thousand parts, and another one for another day or other credentials', async () => {
    const keysFor = createSigningKeys('us-east-1');
    const derivedKeys: Promise<unknown>[] = [];
    const presign = createPresigner(locateStore(stores[3]!), 'us-east-1', (credentials, day) => {
      const key = keysFor(credentials, day);
      derivedKeys.push(key);
      return key;
    });
    const part = (partNumber: number, now: number, credentials = CREDENTIALS) =>
      presign(
        { method: 'PUT', key: 'k', contentLength: 5, query: { partNumber: String(partNumber), uploadId: 'u' } },
        { credentials, now, lifetimeS: 900 },
      );
    const urls = await Promise.all(Array.from({ length: 1_000 }, (_, index) => part(index + 1, NOW)));
    assert.equal(new Set(urls.map(({ url }) => signatureIn(url))).size, 1_000);
    assert.deepEqual([derivedKeys.length, new Set(derivedKeys).size], [1_000, 1]);
    await part(1, NOW + 86_400_000);
    assert.equal(new Set(derivedKeys).size, 2);
    await part(1, NOW + 86_400_000, { ...CREDENTIALS, secretAccessKey: 'another' });
    assert.equal(new Set(derivedKeys).size, 3);
  });
});
