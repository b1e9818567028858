import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { startBucket } from '../../demo/bucket/index.js';
import type { RunningBucket } from '../../demo/bucket/index.js';
import { MIB } from '../../src/limits.js';
import { startFaultProxy } from '../../demo/faults/index.js';
import type { FaultProxy } from '../../demo/faults/index.js';
import { S3Client } from '../servers/s3-client.js';

const ACCESS = { accessKeyId: 'testaccess', secretAccessKey: 'testsecret', region: 'us-east-1' };
const BUCKET = 'demo';

describe('the fault proxy without rules', () => {
  let directory = '';
  let bucket: RunningBucket;
  let proxy: FaultProxy;
  let client: S3Client;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mule-proxy-test-'));
    bucket = await startBucket({ dir: directory, buckets: [BUCKET], credentials: ACCESS });
  });
  after(async () => {
    await bucket.close();
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    proxy = await startFaultProxy(bucket.url);
    client = new S3Client({ ...ACCESS, url: proxy.url });
  });
  afterEach(() => proxy.close());

  it('forwards requests with valid signatures, and records their kinds', async () => {
    const key = 'a folder/ü.bin';
    const body = new Uint8Array(randomBytes(6 * MIB));
    const uploadId = await client.createUpload(BUCKET, key);
    const etag = await client.uploadPart(BUCKET, key, uploadId, 3, body);
    await client.uploadPart(BUCKET, key, uploadId, 3, body);
    await client.listParts(BUCKET, key, uploadId);
    await client.complete(BUCKET, key, uploadId, [{ partNumber: 3, etag }]);
    assert.equal((await client.digest(BUCKET, key)).size, body.length);
    await client.abort(BUCKET, key, uploadId);
    await client.head(BUCKET, key);
    await client.put(BUCKET, key, 'x');
    await client.delete(BUCKET, key);
    await fetch(client.address(BUCKET, key), { method: 'OPTIONS' });
    await fetch(client.address(BUCKET), { method: 'POST', body: 'form' });
    const kinds = proxy.requests.map(({ kind }) => kind);
    assert.deepEqual(kinds, [
      'create',
      'part',
      'part',
      'list',
      'complete',
      'get',
      'abort',
      'head',
      'put',
      'delete',
      'preflight',
      'post',
    ]);
    assert.equal(proxy.bytes('part'), 2 * body.length);
    assert.equal(proxy.count('part'), 2);
    assert.equal(proxy.count(), 12);
    const { partNumber, uploadId: seenId, key: seenKey, status, bytes } = proxy.requests[1]!;
    assert.deepEqual(
      { partNumber, seenId, seenKey, status, bytes },
      { partNumber: 3, seenId: uploadId, seenKey: key, status: 200, bytes: body.length },
    );
    proxy.reset();
    assert.equal(proxy.bytes(), 0);
  });

  it('limits the rate over all connections, until the limit is removed', async () => {
    proxy.setRate(4 * MIB);
    const body = new Uint8Array(randomBytes(MIB));
    const started = performance.now();
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => client.put(BUCKET, key, body)));
    const elapsedMs = performance.now() - started;
    assert.ok(elapsedMs > 800, `4 MiB at 4 MiB/s took ${elapsedMs} ms`);
    proxy.setRate(Infinity);
    assert.equal((await client.put(BUCKET, 'e', body)).status, 200);
  });

  it('forwards nothing while it is paused, and everything afterwards', async () => {
    proxy.setMode('pause');
    let isDone = false;
    const sending = client.put(BUCKET, 'paused', 'text').then((answer) => {
      isDone = true;
      return answer;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(isDone, false);
    proxy.setMode('pass');
    assert.equal((await sending).status, 200);
  });

  it('resets open and new connections while it refuses them', async () => {
    proxy.setMode('pause');
    const openRequest = assert.rejects(client.put(BUCKET, 'refused', 'text'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    proxy.setMode('refuse');
    await openRequest;
    await assert.rejects(client.put(BUCKET, 'refused', 'text'));
    proxy.setMode('pass');
    assert.equal((await client.put(BUCKET, 'refused', 'text')).status, 200);
    assert.deepEqual(
      proxy.requests.map(({ fault }) => fault),
      ['reset', null],
    );
  });

  it('resets the connection if the store cannot be reached', async () => {
    const proxyWithoutStore = await startFaultProxy('http://127.0.0.1:1');
    await assert.rejects(new S3Client({ ...ACCESS, url: proxyWithoutStore.url }).put(BUCKET, 'x', 'x'));
    assert.deepEqual(
      proxyWithoutStore.requests.map(({ fault }) => fault),
      ['reset'],
    );
    await proxyWithoutStore.close();
  });
});
