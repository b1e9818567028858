import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AllAnswer, InitAnswerFile, SignedRequest } from '../../../src/protocol.js';
import { createMemoryTracker, createSigner, sweep } from '../../../src/signer/index.js';
import type { SignerOptions } from '../../../src/signer/index.js';
import { S3Client } from '../../servers/s3-client.js';
import { CREDENTIALS, DAY_MS, fileOf } from '../caller.js';
import type { Caller, Granted } from '../caller.js';
import { PART_SIZE, send, useBucket } from '../use-bucket.js';

const bucket = useBucket();
const s3 = () => new S3Client({ url: bucket.url, region: 'us-east-1', ...CREDENTIALS });
const createBucketCaller = (options: Partial<SignerOptions> = {}): Caller =>
  bucket.createCaller({ tracker: createMemoryTracker(), beginMultipart: true, ...options });

type Started = InitAnswerFile & Granted & { fresh?: true; all?: AllAnswer };
const SIZE = PART_SIZE + 1;
let fileCount = 0;
/** Calls init for a file of two parts; each call is for another file unless `last_modified` is given. */
const init = (caller: Caller, change: object = {}): Promise<Started> =>
  caller.init({ filesize: SIZE, last_modified: (fileCount += 1), ...change });

/** Creates a `fetch` that counts CreateMultipartUpload and AbortMultipartUpload. */
function createCountingFetch(answer: (method: string) => Promise<Response> | null = () => null) {
  const counts = { POST: 0, DELETE: 0 };
  const counted: typeof fetch = async (url, request) => {
    counts[request!.method as 'POST' | 'DELETE'] += 1;
    return answer(request!.method!) ?? fetch(url, request);
  };
  return { counts, fetch: counted };
}

describe('beginMultipart', () => {
  it('creates the upload, and signs its first parts, ListParts and CompleteMultipartUpload', async () => {
    const caller = createBucketCaller();
    const { key, upload_id, fresh, all, init: creation, tracked } = await init(caller);
    assert.deepEqual([fresh, tracked, creation], [true, true, undefined]);
    const parts: string[] = [];
    for (const [index, size] of [PART_SIZE, 1].entries()) {
      const { etag } = await send({ method: 'PUT', url: all!.chunks[index + 1] as string }, new Uint8Array(size));
      parts.push(`<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
    }
    assert.equal((await s3().listParts('films', key, upload_id!)).length, 2);
    assert.match((await send(all!.list as SignedRequest)).text, /<PartNumber>2</);
    await send(all!.end as SignedRequest, `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
    const { size } = await s3().digest('films', key);
    assert.equal(size, SIZE);
  });

  it('signs at most 16 parts, and none if the file gets checksums', async () => {
    const caller = createBucketCaller({ checksums: ['crc64nvme', 'sha256'] });
    const { all } = await init(caller, { filesize: 20 * PART_SIZE });
    assert.deepEqual(Object.keys(all!.chunks).length, 16);
    for (const algorithm of ['crc64nvme', 'sha256'] as const) {
      const started = await init(caller, { checksums: [algorithm] });
      assert.deepEqual([started.fresh, started.all, started.checksum?.algorithm], [true, undefined, algorithm]);
    }
  });

  it('creates the upload with the headers that the browser sends without this option', async () => {
    const policy = {
      partSize: PART_SIZE,
      key: ({ filename }: { filename: string }) => `by-name/${filename}`,
      tags: { kind: 'film' },
      metadata: { title: 'Übung' },
      disposition: 'attachment' as const,
      encryption: 'AES256' as const,
      storageClass: 'STANDARD_IA',
    };
    const sent: Record<string, string>[] = [];
    const options = { policy, checksums: ['sha256' as const], receipts: true, refusesUnsignedHeaders: false };
    const now = () => 1_800_000_000_000;
    const change = { checksums: ['sha256'], last_modified: 5, filename: 'same.mp4' };
    const recordHeaders: typeof fetch = (_url, request) => {
      sent.push(request!.headers as Record<string, string>);
      return Promise.resolve(new Response('<R><UploadId>u</UploadId></R>'));
    };
    const started = await init(createBucketCaller({ ...options, now, fetch: recordHeaders }), change);
    const withoutOption = await init(createBucketCaller({ ...options, now, beginMultipart: false }), change);
    assert.equal(started.upload_id, 'u');
    assert.deepEqual(sent, [withoutOption.init!.headers]);
    assert.ok(Object.keys(sent[0]!).length >= 9, JSON.stringify(sent[0]));
  });

  it('returns the same upload in a second call, and a sweep finds it', async () => {
    let now = Date.now() - 9 * DAY_MS;
    const tracker = createMemoryTracker({ now: () => now });
    const { counts, fetch: counted } = createCountingFetch();
    const caller = createBucketCaller({ tracker, fetch: counted });
    const lost = await init(caller, { last_modified: 77_001 });
    const again = await init(caller, { last_modified: 77_001 });
    assert.deepEqual([again.key, again.upload_id, again.fresh], [lost.key, lost.upload_id, undefined]);
    const renewed = await init(caller, {
      last_modified: 77_001,
      key: again.key,
      grant: again.grant,
      upload_id: again.upload_id,
    });
    assert.equal(renewed.upload_id, lost.upload_id);
    assert.equal(counts.POST, 1);
    const forced = await init(caller, { last_modified: 77_001, force: true });
    assert.notEqual(forced.upload_id, lost.upload_id);
    now = Date.now();
    const options: SignerOptions = {
      bucket: 'films',
      endpoint: bucket.url,
      credentials: CREDENTIALS,
      authorize: () => 'ada',
      tracker,
    };
    assert.deepEqual(await sweep(options), { aborted: 2, gone: 0, failed: [], hasMore: false });
    for (const { key, upload_id } of [lost, forced])
      await assert.rejects(s3().listParts('films', key, upload_id!), /NoSuchUpload/);
  });

  it('does not return the upload to another user, or for another file', async () => {
    const caller = createBucketCaller();
    const one = await init(caller, { last_modified: 77_002 });
    caller.user = 'bob';
    assert.notEqual((await init(caller, { last_modified: 77_002 })).upload_id, one.upload_id);
    caller.user = 'ada';
    assert.notEqual((await init(caller, { last_modified: 77_003 })).upload_id, one.upload_id);
  });

  it('creates no upload for refused files, for files of one request, for renewals without an upload ID, and for anonymous calls', async () => {
    const { counts, fetch: counted } = createCountingFetch();
    const caller = createBucketCaller({
      fetch: counted,
      allowAnonymous: true,
      policy: { partSize: PART_SIZE, accept: 'video/*', maxSize: 30e6 },
    });
    assert.equal((await init(caller, { content_type: 'text/html', filename: 'x.html' })).error?.code, 'type');
    assert.equal((await init(caller, { filesize: 31e6 })).error?.code, 'too-big');
    assert.ok((await init(caller, { filesize: 3 })).put);
    caller.user = null;
    assert.ok((await init(caller)).init);
    caller.user = 'ada';
    const withoutOption = createBucketCaller({
      tracker: createMemoryTracker(),
      beginMultipart: false,
      secret: 'a secret of sixteen',
    });
    const { key, grant } = await init(withoutOption, { last_modified: 5 });
    assert.ok((await init(caller, { last_modified: 5, key, grant })).init);
    assert.deepEqual(counts, { POST: 0, DELETE: 0 });
  });

  it('creates at most 8 uploads in a call; the browser creates the others', async () => {
    let inFlight = 0;
    let maxInFlight = 0;
    const { counts, fetch: counted } = createCountingFetch();
    const caller = createBucketCaller({
      fetch: async (...request) => {
        maxInFlight = Math.max(maxInFlight, ++inFlight);
        return counted(...request).finally(() => (inFlight -= 1));
      },
    });
    const batch = Array.from({ length: 20 }, (_, index) =>
      fileOf({ id: `${index}`, filesize: SIZE, last_modified: 78_000 + index }),
    );
    const { files: answers } = await caller.call('get_init_signature', { files: batch });
    assert.deepEqual(
      answers.map((file) => 'upload_id' in file),
      batch.map((_, index) => index < 8),
    );
    assert.ok(answers.every((file) => 'upload_id' in file || 'init' in file));
    assert.equal(counts.POST, 8);
    assert.ok(maxInFlight <= 8, `${maxInFlight}`);
  });

  it('lets the browser create the upload of a file for which the store fails', async () => {
    const failures: (() => Promise<Response>)[] = [
      () => Promise.reject(new Error('down')),
      async () => new Response('<Error><Code>SlowDown</Code></Error>', { status: 503 }),
      async () => new Response('<Error><Code>AccessDenied</Code></Error>', { status: 403 }),
      async () => new Response('<R></R>'),
      async () => new Response('<R><UploadId>a b</UploadId></R>'),
    ];
    for (const fail of failures) {
      const errors: unknown[] = [];
      let requests = 0;
      const caller = createBucketCaller({
        onError: (error) => void errors.push(error),
        fetch: (...request) => ((requests += 1) === 1 ? fail() : fetch(...request)),
      });
      const batch = [1, 2].map((index) => fileOf({ id: `${index}`, filesize: SIZE, last_modified: (fileCount += 1) }));
      const { files: answers } = await caller.call('get_init_signature', { files: batch });
      assert.deepEqual(answers.map((file) => 'init' in file).sort(), [false, true]);
      assert.equal(errors.length, 1);
    }
  });

  it('aborts the upload if the tracker cannot record it', async () => {
    const { counts, fetch: counted } = createCountingFetch();
    const errors: unknown[] = [];
    const tracker = { ...createMemoryTracker(), note: () => Promise.reject(new Error('database down')) };
    const caller = createBucketCaller({ tracker, fetch: counted, onError: (error) => void errors.push(error) });
    assert.ok((await init(caller)).init);
    assert.deepEqual(counts, { POST: 1, DELETE: 1 });
    assert.deepEqual(errors.map(String), ['Error: database down']);
  });

  it('needs a tracker', () => {
    const options: SignerOptions = { bucket: 'films', credentials: CREDENTIALS, allowAnonymous: true };
    assert.throws(() => createSigner({ ...options, beginMultipart: true }), /option beginMultipart: true; it needs/);
    assert.throws(() => createSigner({ ...options, beginMultipart: 'yes' as never }), /option beginMultipart: "yes"/);
  });
});
