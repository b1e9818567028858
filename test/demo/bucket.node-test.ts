import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBucket } from '../../demo/bucket/index.js';
import type { BucketOptions, RunningBucket } from '../../demo/bucket/index.js';
import { MIB } from '../../src/limits.js';
import { S3Client, statusAndCode } from '../servers/s3-client.js';

const ACCESS = { accessKeyId: 'testaccess', secretAccessKey: 'testsecret' };
const BUCKET = 'demo';

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

describe('the embedded bucket', () => {
  let directory = '';
  const running: RunningBucket[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mule-bucket-test-'));
  });
  after(async () => {
    await Promise.all(running.map((bucket) => bucket.close()));
    await rm(directory, { recursive: true, force: true });
  });

  let count = 0;
  const start = async (options: Partial<BucketOptions> = {}) => {
    const dir = join(directory, String(++count));
    const bucket = await startBucket({ dir, buckets: [BUCKET], credentials: ACCESS, ...options });
    running.push(bucket);
    const client = new S3Client({ url: bucket.url, region: 'us-east-1', ...ACCESS });
    const begin = async (key: string, ...sizes: number[]) => {
      const uploadId = await client.createUpload(BUCKET, key);
      const parts = [];
      for (const [index, size] of sizes.entries()) {
        const etag = await client.uploadPart(BUCKET, key, uploadId, index + 1, new Uint8Array(randomBytes(size)));
        parts.push({ partNumber: index + 1, etag });
      }
      return { key, uploadId, parts };
    };
    return { bucket, client, begin, dir };
  };

  it('keeps objects, uploads and CORS rules after a restart', async () => {
    const { bucket, client, begin, dir } = await start();
    await client.put(BUCKET, 'kept', 'here');
    const { key, uploadId, parts } = await begin('under way', 10);
    await bucket.close();
    const again = await start({ dir, cors: [{ allowedOrigins: ['https://a.example'], allowedMethods: ['GET'] }] });
    assert.equal(await (await again.client.get(BUCKET, 'kept')).text(), 'here');
    assert.deepEqual(
      (await again.client.listParts(BUCKET, key, uploadId)).map(({ etag }) => etag),
      parts.map(({ etag }) => etag),
    );
  });

  it('leaves nothing on disk of aborted, deleted, replaced or interrupted data', async () => {
    const { client, begin, dir, bucket } = await start();
    const { key, uploadId } = await begin('aborted', 1000, 1000);
    await client.abort(BUCKET, key, uploadId);
    await client.put(BUCKET, 'twice', 'one');
    await client.put(BUCKET, 'twice', 'two');
    await client.delete(BUCKET, 'twice');
    const done = await begin('done', 10);
    await client.complete(BUCKET, done.key, done.uploadId, done.parts);
    await client.delete(BUCKET, 'done');
    const url = await client.presign('PUT', client.address(BUCKET, 'cut'));
    await new Promise<void>((resolve) => {
      const cut = request(url, { method: 'PUT', headers: { 'content-length': '1000000' } });
      cut.on('error', () => resolve());
      cut.write('x'.repeat(1000), () => setTimeout(() => cut.destroy(new Error('cut')), 100));
    });
    assert.equal((await client.head(BUCKET, 'cut')).status, 404);
    await bucket.close();
    assert.deepEqual(await filesBelow(join(dir, BUCKET)), ['cors.json']);
  });

  it('completes without copying: the parts become the object', async () => {
    const { client, begin, dir } = await start();
    const { key, uploadId, parts } = await begin('big', 5 * MIB, 5 * MIB, 5 * MIB);
    const stored = (await filesBelow(dir)).filter((name) => name.startsWith('part-')).sort();
    await client.complete(BUCKET, key, uploadId, parts);
    assert.deepEqual((await filesBelow(dir)).filter((name) => name.startsWith('part-')).sort(), stored);
  });

  it('accepts the same part twice at once and stays consistent', async () => {
    const { client } = await start();
    const uploadId = await client.createUpload(BUCKET, 'raced');
    const bodies = Array.from({ length: 8 }, () => new Uint8Array(randomBytes(100_000)));
    const etags = await Promise.all(bodies.map((body) => client.uploadPart(BUCKET, 'raced', uploadId, 1, body)));
    const [part] = await client.listParts(BUCKET, 'raced', uploadId);
    const winner = bodies[etags.indexOf(part!.etag)]!;
    assert.equal((await client.complete(BUCKET, 'raced', uploadId, [part!])).status, 200);
    assert.equal((await client.digest(BUCKET, 'raced')).sha256, createHash('sha256').update(winner).digest('hex'));
  });

  it('stores one of two new objects under a key that must be new', async () => {
    const { client } = await start();
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((body) => client.put(BUCKET, 'only', body, { 'if-none-match': '*' })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412]);
  });

  it('rejects a Complete whose key was taken meanwhile, and keeps the parts', async () => {
    const { client, begin } = await start();
    const { key, uploadId, parts } = await begin('taken', 10);
    await client.put(BUCKET, key, 'first');
    const answer = await client.complete(BUCKET, key, uploadId, parts, { 'if-none-match': '*' });
    assert.deepEqual(await statusAndCode(answer), { status: 412, code: 'PreconditionFailed' });
    assert.equal(await (await client.get(BUCKET, key)).text(), 'first');
    assert.equal((await client.listParts(BUCKET, key, uploadId)).length, 1);
  });

  it('rejects checksum algorithms that it does not support', async () => {
    const { client } = await start();
    const answer = await client.put(BUCKET, 'sum', 'x', { 'x-amz-checksum-sha1': 'AAAAAA==' });
    assert.deepEqual(await statusAndCode(answer), { status: 501, code: 'NotImplemented' });
  });

  it('demands the session token that belongs to the credentials', async () => {
    const { bucket, client } = await start({ credentials: { ...ACCESS, sessionToken: 'token' } });
    assert.equal((await client.put(BUCKET, 'x', 'x')).status, 400);
    const headers = { 'x-amz-security-token': 'token' };
    assert.equal(
      (await new S3Client({ ...client.access, url: bucket.url }).put(BUCKET, 'x', 'x', headers)).status,
      200,
    );
  });

  describe('CORS', () => {
    const rule = {
      allowedOrigins: ['https://*.example'],
      allowedMethods: ['PUT'],
      allowedHeaders: ['x-amz-*'],
      exposeHeaders: ['ETag'],
    };
    const preflight = (url: string, origin: string, method: string, headers: string): Promise<Response> =>
      fetch(url, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
      });

    it('allows the origins, methods and headers of a rule and no others', async () => {
      const { client } = await start({ cors: [rule] });
      const url = client.address(BUCKET, 'x');
      const allowed = await preflight(url, 'https://page.example', 'PUT', 'x-amz-meta-a');
      assert.equal(allowed.status, 200);
      assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://page.example');
      assert.match(allowed.headers.get('vary')!, /Origin/);
      assert.equal((await preflight(url, 'https://page.other', 'PUT', 'x-amz-meta-a')).status, 403);
      assert.equal((await preflight(url, 'https://page.example', 'DELETE', 'x-amz-meta-a')).status, 403);
      assert.equal((await preflight(url, 'https://page.example', 'PUT', 'content-type')).status, 403);
    });

    it('allows nothing if the bucket has no rule', async () => {
      const { client } = await start({ cors: [] });
      const answer = await client.put(BUCKET, 'x', 'x', { origin: 'https://page.example' });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.has('access-control-allow-origin'), false);
      assert.equal((await preflight(client.address(BUCKET, 'x'), 'https://page.example', 'PUT', '')).status, 403);
    });

    it('lets pages read errors, or hides a 403 from them as Ceph does', async () => {
      const { bucket, client } = await start();
      const headers = { origin: 'https://page.example' };
      const readable = await fetch(client.address(BUCKET, 'x'), { headers });
      assert.equal(readable.status, 403);
      assert.equal(readable.headers.get('access-control-allow-origin'), '*');
      bucket.behaviour.hasCorsOnErrors = false;
      const hidden = await fetch(client.address(BUCKET, 'x'), { headers });
      assert.equal(hidden.status, 403);
      assert.equal(hidden.headers.has('access-control-allow-origin'), false);
    });
  });

  describe('imitating Amazon S3, as documented', () => {
    it('answers a bare 403 for a missing key to those who may not list', async () => {
      const { client } = await start({ profile: 'aws' });
      const answer = await client.head(BUCKET, 'missing');
      assert.equal(answer.status, 403);
      assert.equal(await answer.text(), '');
    });

    it('returns ETags that are not MD5s if objects are encrypted', async () => {
      const { client, begin } = await start({ profile: 'aws', behaviour: { hasOpaqueEtags: true } });
      const { key, uploadId, parts } = await begin('secret', 5 * MIB, 5);
      assert.equal((await client.complete(BUCKET, key, uploadId, parts)).status, 200);
      const put = await client.put(BUCKET, 'plain', 'text');
      assert.notEqual(put.headers.get('etag'), `"${createHash('md5').update('text').digest('hex')}"`);
    });

    it('answers 409 to conditional writes as often as configured, then accepts them', async () => {
      const { client, begin } = await start({ profile: 'aws', behaviour: { conditionalConflictCount: 2 } });
      const condition = { 'if-none-match': '*' };
      const conflict = { status: 409, code: 'ConditionalRequestConflict' };
      const { key, uploadId, parts } = await begin('new', 10);
      assert.deepEqual(await statusAndCode(await client.put(BUCKET, 'x', 'x', condition)), conflict);
      assert.deepEqual(await statusAndCode(await client.complete(BUCKET, key, uploadId, parts, condition)), conflict);
      assert.equal((await client.complete(BUCKET, key, uploadId, parts, condition)).status, 200);
    });

    it('answers Complete with 200 and an error, as often as configured', async () => {
      const { client, begin } = await start({ profile: 'aws', behaviour: { completeErrorCount: 1 } });
      const { key, uploadId, parts } = await begin('unlucky', 10);
      assert.deepEqual(await statusAndCode(await client.complete(BUCKET, key, uploadId, parts)), {
        status: 200,
        code: 'InternalError',
      });
      assert.equal((await client.head(BUCKET, key)).status, 403);
      assert.deepEqual(await statusAndCode(await client.complete(BUCKET, key, uploadId, parts)), {
        status: 200,
        code: '',
      });
      assert.equal((await client.head(BUCKET, key)).status, 200);
    });

    it('sends white space during a slow Complete, then the result', async () => {
      const { client, begin } = await start({ profile: 'aws', behaviour: { completeDelayMs: 1500 } });
      const { key, uploadId, parts } = await begin('slow', 10);
      const text = await (await client.complete(BUCKET, key, uploadId, parts)).text();
      assert.match(text, /^ +<\?xml.*<CompleteMultipartUploadResult/s);
      const refused = await (await client.complete(BUCKET, key, 'unknown', parts)).text();
      assert.match(refused, /^ +<\?xml.*<Error><Code>NoSuchUpload/s);
    });
  });

  describe('imitating Cloudflare R2, as documented', () => {
    it('rejects parts that are not all of one size, except the last', async () => {
      const { client, begin } = await start({ profile: 'r2' });
      const odd = await begin('odd', 5 * MIB, 5 * MIB + 1, 10);
      assert.deepEqual(await statusAndCode(await client.complete(BUCKET, odd.key, odd.uploadId, odd.parts)), {
        status: 400,
        code: 'InvalidPart',
      });
      const even = await begin('even', 5 * MIB, 5 * MIB, 10);
      assert.equal((await client.complete(BUCKET, even.key, even.uploadId, even.parts)).status, 200);
    });

    it('does not accept POST', async () => {
      const { client } = await start({ profile: 'r2' });
      const form = new FormData();
      form.append('key', 'x');
      const answer = await fetch(client.address(BUCKET), { method: 'POST', body: form });
      assert.deepEqual(await statusAndCode(answer), { status: 501, code: 'NotImplemented' });
    });
  });
});
