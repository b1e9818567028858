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

/** Returns the names of all files in a directory and its subdirectories. */
async function fileNamesIn(directory: string): Promise<string[]> {
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
  /** Starts a bucket with an empty directory of its own, unless options name one. */
  const start = async (options: Partial<BucketOptions> = {}) => {
    const dir = join(directory, String(++count));
    const bucket = await startBucket({ dir, buckets: [BUCKET], credentials: ACCESS, ...options });
    running.push(bucket);
    const client = new S3Client({ url: bucket.url, region: 'us-east-1', ...ACCESS });
    /** Starts a multipart upload, and uploads random parts of these sizes. */
    const startUpload = async (key: string, ...sizes: number[]) => {
      const uploadId = await client.createUpload(BUCKET, key);
      const parts = [];
      for (const [index, size] of sizes.entries()) {
        const etag = await client.uploadPart(BUCKET, key, uploadId, index + 1, new Uint8Array(randomBytes(size)));
        parts.push({ partNumber: index + 1, etag });
      }
      return { key, uploadId, parts };
    };
    return { bucket, client, startUpload, dir };
  };

  it('keeps objects, uploads and CORS rules after a restart', async () => {
    const cors = [{ allowedOrigins: ['https://a.example'], allowedMethods: ['GET'] }];
    const { bucket, client, startUpload, dir } = await start({ cors });
    await client.put(BUCKET, 'kept', 'here');
    const { key, uploadId, parts } = await startUpload('unfinished', 10);
    await bucket.close();
    // without the bucket's name: startBucket would replace the CORS rules of the buckets that it gets
    const restarted = await start({ dir, buckets: [] });
    assert.equal(await (await restarted.client.get(BUCKET, 'kept')).text(), 'here');
    assert.deepEqual(
      (await restarted.client.listParts(BUCKET, key, uploadId)).map(({ etag }) => etag),
      parts.map(({ etag }) => etag),
    );
    for (const [origin, status] of [
      ['https://a.example', 200],
      ['https://b.example', 403],
    ] as const) {
      const headers = { origin, 'access-control-request-method': 'GET' };
      const preflight = await fetch(restarted.client.address(BUCKET, 'kept'), { method: 'OPTIONS', headers });
      assert.equal(preflight.status, status, origin);
    }
  });

  it('deletes aborted, deleted, replaced and interrupted data from disk', async () => {
    const { client, startUpload, dir, bucket } = await start();
    const { key, uploadId } = await startUpload('aborted', 1000, 1000);
    await client.abort(BUCKET, key, uploadId);
    await client.put(BUCKET, 'twice', 'one');
    await client.put(BUCKET, 'twice', 'two');
    await client.delete(BUCKET, 'twice');
    const completed = await startUpload('completed', 10);
    await client.complete(BUCKET, completed.key, completed.uploadId, completed.parts);
    await client.delete(BUCKET, 'completed');
    const url = await client.presign('PUT', client.address(BUCKET, 'interrupted'));
    await new Promise<void>((resolve) => {
      const interrupted = request(url, { method: 'PUT', headers: { 'content-length': '1000000' } });
      interrupted.on('error', () => resolve());
      interrupted.write('x'.repeat(1000), () => setTimeout(() => interrupted.destroy(new Error('interrupted')), 100));
    });
    assert.equal((await client.head(BUCKET, 'interrupted')).status, 404);
    await bucket.close();
    assert.deepEqual(await fileNamesIn(join(dir, BUCKET)), ['cors.json']);
  });

  it('completes an upload without copying: the files of the parts become the object', async () => {
    const { client, startUpload, dir } = await start();
    const { key, uploadId, parts } = await startUpload('big', 5 * MIB, 5 * MIB, 5 * MIB);
    const stored = (await fileNamesIn(dir)).filter((name) => name.startsWith('part-')).sort();
    await client.complete(BUCKET, key, uploadId, parts);
    assert.deepEqual((await fileNamesIn(dir)).filter((name) => name.startsWith('part-')).sort(), stored);
  });

  it('stores one body of a part that is sent eight times at once', async () => {
    const { client } = await start();
    const uploadId = await client.createUpload(BUCKET, 'concurrent');
    const bodies = Array.from({ length: 8 }, () => new Uint8Array(randomBytes(100_000)));
    const etags = await Promise.all(bodies.map((body) => client.uploadPart(BUCKET, 'concurrent', uploadId, 1, body)));
    const [part] = await client.listParts(BUCKET, 'concurrent', uploadId);
    const storedBody = bodies[etags.indexOf(part!.etag)]!;
    assert.equal((await client.complete(BUCKET, 'concurrent', uploadId, [part!])).status, 200);
    assert.equal(
      (await client.digest(BUCKET, 'concurrent')).sha256,
      createHash('sha256').update(storedBody).digest('hex'),
    );
  });

  it('stores only one of three objects that are sent at once with If-None-Match', async () => {
    const { client } = await start();
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((body) => client.put(BUCKET, 'only', body, { 'if-none-match': '*' })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412]);
  });

  it('rejects CompleteMultipartUpload with If-None-Match if the key exists, and keeps the parts', async () => {
    const { client, startUpload } = await start();
    const { key, uploadId, parts } = await startUpload('taken', 10);
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

  it('requires the session token of its credentials', async () => {
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

    it('lets pages read a 403 response, or hides it from them as Ceph does', async () => {
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

  describe('with the profile of Amazon S3', () => {
    it('answers HEAD for a missing key with 403, as Amazon S3 does without permission to list', async () => {
      const { client } = await start({ profile: 'aws' });
      const answer = await client.head(BUCKET, 'missing');
      assert.equal(answer.status, 403);
      assert.equal(await answer.text(), '');
    });

    it('returns ETags that differ from the MD5 if configured so, as for encrypted objects', async () => {
      const { client, startUpload } = await start({ profile: 'aws', behaviour: { hasOpaqueEtags: true } });
      const { key, uploadId, parts } = await startUpload('secret', 5 * MIB, 5);
      assert.equal((await client.complete(BUCKET, key, uploadId, parts)).status, 200);
      const put = await client.put(BUCKET, 'plain', 'text');
      assert.notEqual(put.headers.get('etag'), `"${createHash('md5').update('text').digest('hex')}"`);
    });

    it('answers 409 to conditional writes as often as configured, then accepts them', async () => {
      const { client, startUpload } = await start({ profile: 'aws', behaviour: { conditionalConflictCount: 2 } });
      const condition = { 'if-none-match': '*' };
      const conflict = { status: 409, code: 'ConditionalRequestConflict' };
      const { key, uploadId, parts } = await startUpload('new', 10);
      assert.deepEqual(await statusAndCode(await client.put(BUCKET, 'x', 'x', condition)), conflict);
      assert.deepEqual(await statusAndCode(await client.complete(BUCKET, key, uploadId, parts, condition)), conflict);
      assert.equal((await client.complete(BUCKET, key, uploadId, parts, condition)).status, 200);
    });

    it('answers CompleteMultipartUpload with 200 and an error, as often as configured', async () => {
      const { client, startUpload } = await start({ profile: 'aws', behaviour: { completeErrorCount: 1 } });
      const { key, uploadId, parts } = await startUpload('unlucky', 10);
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

    it('sends white space during a slow CompleteMultipartUpload, then the result', async () => {
      const { client, startUpload } = await start({ profile: 'aws', behaviour: { completeDelayMs: 1500 } });
      const { key, uploadId, parts } = await startUpload('slow', 10);
      const text = await (await client.complete(BUCKET, key, uploadId, parts)).text();
      assert.match(text, /^ +<\?xml.*<CompleteMultipartUploadResult/s);
      const refused = await (await client.complete(BUCKET, key, 'unknown', parts)).text();
      assert.match(refused, /^ +<\?xml.*<Error><Code>NoSuchUpload/s);
    });
  });

  describe('with the profile of Cloudflare R2', () => {
    it('rejects parts of different sizes, except for the last part', async () => {
      const { client, startUpload } = await start({ profile: 'r2' });
      const odd = await startUpload('odd', 5 * MIB, 5 * MIB + 1, 10);
      assert.deepEqual(await statusAndCode(await client.complete(BUCKET, odd.key, odd.uploadId, odd.parts)), {
        status: 400,
        code: 'InvalidPart',
      });
      const even = await startUpload('even', 5 * MIB, 5 * MIB, 10);
      assert.equal((await client.complete(BUCKET, even.key, even.uploadId, even.parts)).status, 200);
    });

    it('rejects POST with a policy', async () => {
      const { client } = await start({ profile: 'r2' });
      const form = new FormData();
      form.append('key', 'x');
      const answer = await fetch(client.address(BUCKET), { method: 'POST', body: form });
      assert.deepEqual(await statusAndCode(answer), { status: 501, code: 'NotImplemented' });
    });
  });
});
