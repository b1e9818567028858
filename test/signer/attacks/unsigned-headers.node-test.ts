/** Attacks on stores that act on unsigned `x-amz-*` headers: the holder of a signed request adds such headers. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBucket } from '../../../demo/bucket/index.js';
import type { Profile } from '../../../demo/bucket/index.js';
import type { PostPolicy, SignedRequest } from '../../../src/protocol.js';
import type { SignerOptions } from '../../../src/signer/index.js';
import { startCeph } from '../../servers/ceph.js';
import { S3Client } from '../../servers/s3-client.js';
import { createCaller, CREDENTIALS } from '../caller.js';
import type { Caller } from '../caller.js';
import { PART } from './attack-harness.js';

interface LaxStore {
  options: Partial<SignerOptions>;
  s3: S3Client;
  stop(): Promise<void>;
}

async function startProfile(profile: Profile): Promise<LaxStore> {
  const dir = await mkdtemp(path.join(tmpdir(), 'mule-lax-'));
  const bucket = await startBucket({ dir, buckets: ['films'], credentials: CREDENTIALS, profile });
  return {
    options: { bucket: 'films', endpoint: bucket.url, credentials: CREDENTIALS },
    s3: new S3Client({ url: bucket.url, region: 'us-east-1', ...CREDENTIALS }),
    async stop() {
      await bucket.close();
      await rm(dir, { recursive: true });
    },
  };
}

async function startCeph16(): Promise<LaxStore> {
  const ceph = await startCeph();
  const s3 = new S3Client(ceph);
  await s3.createBucket('films');
  return { options: { bucket: 'films', endpoint: ceph.url, credentials: ceph }, s3, stop: () => ceph.stop() };
}

const STORES: Record<string, () => Promise<LaxStore>> = {
  'the embedded bucket as Ceph 16': () => startProfile('ceph16'),
  'the embedded bucket as MinIO': () => startProfile('minio'),
  'Ceph 16': startCeph16,
};

const PUBLISHING_HEADERS: readonly Record<string, string>[] = [
  { 'x-amz-acl': 'public-read' },
  { 'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' },
];

for (const [name, start] of Object.entries(STORES)) {
  describe(`unsigned headers, at ${name}`, () => {
    let store: LaxStore;
    let victimKey: string;
    before(async () => {
      store = await start();
      const { key, put } = await callerWith('ada').init({ filesize: 13 });
      assert.equal((await send(put!, {}, "Ada's secret.")).status, 200);
      victimKey = key;
    });
    after(() => store.stop());

    const callerWith = (user: string, options: Partial<SignerOptions> = {}): Caller => {
      const caller = createCaller({
        ...store.options,
        refusesUnsignedHeaders: undefined,
        now: () => Date.now(),
        ...options,
        policy: { partSize: PART, ...options.policy },
      });
      caller.user = user;
      return caller;
    };
    const send = ({ method, url, headers }: SignedRequest, extra: Record<string, string>, body?: BodyInit) =>
      fetch(url, { method, headers: { ...headers, ...extra }, body });
    /** Returns the content of the object with this key, or null if there is none. */
    const contentOf = async (key: string): Promise<string | null> => {
      const answer = await store.s3.get('films', key);
      return answer.ok ? answer.text() : null;
    };
    const isPublic = async (key: string): Promise<boolean> => (await fetch(store.s3.address('films', key))).ok;

    it('would copy and publish objects if the signer did not prevent it', async () => {
      const { key, put } = await callerWith('mallory', { refusesUnsignedHeaders: true }).init({ filesize: 3 });
      await send(put!, { 'x-amz-copy-source': `/films/${encodeURI(victimKey)}` }, 'abc');
      assert.equal(await contentOf(key), "Ada's secret.");
      await send(put!, PUBLISHING_HEADERS[0]!, 'abc');
      assert.equal(await isPublic(key), true);
    });

    it('do not turn a PUT into a copy of another user’s object', async () => {
      const { key, put } = await callerWith('mallory').init({ filesize: 3 });
      const limits: readonly Record<string, string>[] = [
        {},
        { 'x-amz-copy-source-range': 'bytes=0-2' },
        { 'x-amz-copy-source-if-match': '*' },
        { 'x-amz-metadata-directive': 'REPLACE' },
      ];
      for (const extra of limits) {
        const source = { 'x-amz-copy-source': `/films/${encodeURI(victimKey)}` };
        const answer = await send(put!, { ...source, ...extra }, 'abc');
        assert.ok(!answer.ok, `${answer.status} for ${JSON.stringify(extra)}`);
        assert.equal(await contentOf(key), null);
      }
      assert.equal((await send(put!, {}, 'abc')).status, 200);
      assert.equal(await contentOf(key), 'abc');
    });

    it('do not turn a part into a copy of another user’s object', async () => {
      const mallory = callerWith('mallory');
      const { key, grant, init } = await mallory.init({ filesize: PART + 13 });
      const upload_id = /<UploadId>([^<]+)/.exec(await (await send(init!, {})).text())![1]!;
      const size = PART + 13;
      const { chunks } = await mallory.call('get_all_signatures', {
        key,
        grant,
        upload_id,
        size,
        part_size: PART,
        chunks: [2],
      });
      const single = await mallory.call('get_chunk_signature', { key, grant, upload_id, chunk: 2, size: 13 });
      for (const signed of [chunks[2] as SignedRequest, single as SignedRequest]) {
        const ranges: readonly Record<string, string>[] = [{}, { 'x-amz-copy-source-range': 'bytes=0-12' }];
        for (const range of ranges) {
          const source = { 'x-amz-copy-source': `/films/${encodeURI(victimKey)}` };
          const answer = await send(signed, { ...source, ...range }, 'thirteen byte');
          assert.ok(!answer.ok, `${answer.status}`);
        }
        assert.deepEqual(await store.s3.listParts('films', key, upload_id), []);
      }
      assert.equal((await send(single as SignedRequest, {}, 'thirteen byte')).status, 200);
      assert.equal((await store.s3.abort('films', key, upload_id)).status, 204);
    });

    it('do not publish an object that is sent by PUT', async () => {
      const { key, put } = await callerWith('mallory').init({ filesize: 3 });
      for (const extra of PUBLISHING_HEADERS) {
        assert.ok(!(await send(put!, extra, 'abc')).ok);
        assert.equal(await contentOf(key), null);
      }
      assert.equal((await send(put!, {}, 'abc')).status, 200);
      assert.equal(await isPublic(key), false);
    });

    it('do not publish an object of a multipart upload', async () => {
      const { key, init } = await callerWith('mallory').init({ filesize: PART + 13 });
      for (const extra of PUBLISHING_HEADERS) assert.ok(!(await send(init!, extra)).ok);
      const upload_id = /<UploadId>([^<]+)/.exec(await (await send(init!, {})).text())![1]!;
      const etag = await store.s3.uploadPart('films', key, upload_id, 1, new Uint8Array(3));
      assert.ok((await store.s3.complete('films', key, upload_id, [{ partNumber: 1, etag }])).ok);
      assert.equal(await isPublic(key), false);
    });

    it('do not publish an object that is posted by policy', async () => {
      const caller = callerWith('mallory', { policy: { posts: true } });
      const file = { id: 'a', filename: 'a', filesize: 3, last_modified: 0, content_type: 'text/plain' };
      const { files, posts } = await caller.call('get_init_signature', { files: [file] });
      const { key, post } = files[0] as { key: string; post: string };
      const { url, fields }: PostPolicy = posts![post]!;
      assert.equal(fields['acl'], 'private');
      const submit = async (extra: Record<string, string>, headers: Record<string, string> = {}) => {
        const form = new FormData();
        for (const [field, value] of Object.entries({ ...fields, ...extra, key })) form.append(field, value);
        form.append('file', new Blob(['abc']));
        return fetch(url, { method: 'POST', body: form, headers });
      };
      assert.ok(!(await submit({ acl: 'public-read' })).ok);
      assert.ok(!(await submit({ 'x-amz-acl': 'public-read' })).ok);
      assert.ok(!(await submit({ 'x-amz-copy-source': `/films/${victimKey}` })).ok);
      assert.equal(await contentOf(key), null);
      await submit({}, PUBLISHING_HEADERS[0]);
      assert.equal(await contentOf(key), 'abc');
      assert.equal(await isPublic(key), false);
    });

    it('do not change an ACL that the policy lets the browser request', async () => {
      const caller = callerWith('ada', { policy: { acls: ['public-read'] } });
      const { key, put } = await caller.init({ filesize: 3, acl: 'public-read' });
      assert.equal(put!.headers!['x-amz-acl'], 'public-read');
      assert.equal((await send(put!, {}, 'abc')).status, 200);
      assert.equal(await isPublic(key), true);
    });
  });
}
