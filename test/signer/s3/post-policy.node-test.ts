import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBucket } from '../../../demo/bucket/index.js';
import type { RunningBucket } from '../../../demo/bucket/index.js';
import type { InitFile, InitPost, PostPolicy, SignedRequest } from '../../../src/protocol.js';
import type { Policy } from '../../../src/signer/index.js';
import { createCaller, CREDENTIALS, fileOf, NOW } from '../caller.js';
import type { Caller } from '../caller.js';

interface Document {
  expiration: string;
  conditions: unknown[];
}
const documentOf = ({ fields }: PostPolicy): Document =>
  JSON.parse(Buffer.from(fields['policy']!, 'base64').toString()) as Document;

/** Posts as a browser does: the fields, `key`, and the file last. */
async function send({ url, fields }: PostPolicy, key: string, bytes: number, changes: Record<string, string> = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, key, ...changes })) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(bytes)]), 'blob');
  const response = await fetch(url, { method: 'POST', body: form });
  return { status: response.status, text: await response.text() };
}

describe('POST policies', () => {
  let dir: string;
  let bucket: RunningBucket;
  let caller: Caller;
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'mule-posts-'));
    bucket = await startBucket({ dir, buckets: ['films'], credentials: CREDENTIALS });
    caller = createCaller({ bucket: 'films', endpoint: bucket.url, now: () => Date.now(), policy: { posts: true } });
  });
  after(async () => {
    await bucket.close();
    await rm(dir, { recursive: true });
  });

  const init = async (...files: Parameters<typeof fileOf>[0][]) => {
    const answer = await caller.call('get_init_signature', {
      files: files.map((file, index) => fileOf({ id: String(index), filesize: 10, ...file })),
    });
    return { posts: answer.posts!, files: answer.files as (InitPost & { key: string })[] };
  };

  it('serve a whole call: one policy for all files of one type, each with its own key', async () => {
    const { posts, files } = await init({ filesize: 1 }, { filesize: 20 }, { content_type: 'image/png' });
    assert.deepEqual(Object.keys(posts).sort(), ['p1', 'p2']);
    assert.equal(new Set(files.map(({ key }) => key)).size, 3);
    assert.equal(files[0]!.post, files[1]!.post);
    for (const [index, bytes] of [1, 20, 10].entries()) {
      const { post, key } = files[index]!;
      const sent = await send(posts[post]!, key, bytes);
      assert.equal(sent.status, 201, sent.text);
      const head = await caller.call('get_head_signature', { key, grant: files[index]!.grant });
      const { headers } = await fetch(head.url, { method: 'HEAD', headers: head.headers });
      assert.equal(headers.get('content-length'), String(bytes));
      assert.equal(headers.get('content-type'), index === 2 ? 'image/png' : 'video/mp4');
    }
  });

  it('allow nothing else: no other prefix, size, type, field or status', async () => {
    const { posts, files } = await init({ filesize: 5 }, { filesize: 9 });
    const { post, key } = files[0]!;
    const policy = posts[post]!;
    const prefix = key.split('/').slice(0, 2).join('/');
    assert.match(prefix, /^uploads\/[0-9a-f]{32}$/);
    assert.equal((await send(policy, 'uploads/other/film.mp4', 5)).status, 403);
    assert.equal((await send(policy, `${prefix}x`, 5)).status, 403);
    for (const bytes of [4, 10]) assert.equal((await send(policy, key, bytes)).status, 400, `${bytes} bytes`);
    for (const changes of [
      { 'content-type': 'text/html' },
      { acl: 'public-read' },
      { success_action_status: '200' },
      { 'x-amz-meta-a': 'b' },
      { 'x-amz-credential': 'other/20260101/us-east-1/s3/aws4_request' },
    ] as Record<string, string>[]) {
      assert.equal((await send(policy, key, 5, changes)).status, 403, JSON.stringify(changes));
    }
    assert.equal((await send(policy, key, 5)).status, 201);
  });

  it('are valid for at most 15 minutes, and no longer than other signatures', async () => {
    for (const [expires, seconds] of [
      [3_600, 900],
      [60, 60],
    ] as const) {
      const short = createCaller({ policy: { posts: true }, expires });
      const { posts } = await short.call('get_init_signature', { files: [fileOf({ filesize: 1 })] });
      const end = Math.floor(NOW / 1_000) * 1_000 + seconds * 1_000;
      assert.equal(posts!['p1']!.expires, end);
      assert.equal(Date.parse(documentOf(posts!['p1']!).expiration), end);
    }
  });

  it('are renewed for exactly the granted key', async () => {
    const { files } = await init({});
    const { key, grant } = files[0]!;
    const again = await init({ key, grant });
    const { post } = again.files[0]!;
    assert.equal(again.files[0]!.key, key);
    assert.ok(
      documentOf(again.posts[post]!).conditions.some((one) => JSON.stringify(one) === `["eq","$key","${key}"]`),
    );
    assert.equal((await send(again.posts[post]!, key, 10)).status, 201);
    assert.equal((await send(again.posts[post]!, `${key}x`, 10)).status, 403);
  });

  it('never contain a text that the store replaces: such a file is sent by PUT, under the granted key', async () => {
    const names = ['${filename}', 'a${filename}b.txt', '$\u200b{filename}', '${key}.txt', '$${filename}'];
    const answer = await caller.call('get_init_signature', {
      files: names.map((filename, index) => fileOf({ id: String(index), filesize: 3, filename })),
    });
    assert.equal(answer.posts, undefined);
    for (const [index, file] of (answer.files as { key: string; grant: string; put: SignedRequest }[]).entries()) {
      const name = names[index]!.replace('\u200b', '');
      assert.ok(file.key.endsWith(`/${name}`), file.key);
      const { url, headers } = file.put;
      assert.equal((await fetch(url, { method: 'PUT', headers, body: 'abc' })).status, 200);
      const head = await caller.call('get_head_signature', { key: file.key, grant: file.grant });
      assert.equal((await fetch(head.url, { method: 'HEAD', headers: head.headers })).status, 200);
    }
  });

  it('are not used for metadata, a disposition or a renewed key with text that a store replaces: PUT is', async () => {
    const kinds = async (policy: Policy, file: Partial<InitFile> = {}) => {
      const one = createCaller({ policy: { posts: true, ...policy } });
      return { caller: one, granted: await one.init({ filesize: 1, ...file }) };
    };
    const metadata = ({ params }: Readonly<InitFile>) => ({ note: String(params) });
    assert.ok('put' in (await kinds({ metadata }, { params: '${filename}' })).granted);
    assert.ok('post' in (await kinds({ metadata }, { params: 'filename' })).granted);
    assert.ok('put' in (await kinds({ disposition: 'inline' }, { filename: '${filename}.txt' })).granted);
    const wished = await kinds({ objectKeys: 'o/' }, { object_key: '${filename}' });
    assert.equal(wished.granted.key, 'o/${filename}');
    const { key, grant } = wished.granted;
    const renewed = await wished.caller.init({ filesize: 1, key, grant });
    assert.deepEqual(['put' in renewed, renewed.key], [true, key]);
    const named = await kinds({ key: () => 'k/${filename}' });
    assert.deepEqual(['put' in named.granted, named.granted.key], [true, 'k/${filename}']);
  });

  it('have their text replaced by the bucket as by S3: in each field, without a path, before the policy is checked', async () => {
    const { posts, files } = await init({});
    const folder = files[0]!.key.replace(/[^/]*$/, '');
    const policy = posts[files[0]!.post]!;
    const sent = await send(policy, `${folder}\${filename}`, 10);
    assert.match(sent.text, new RegExp(`<Key>${folder}blob</Key>`));
    assert.equal((await send(policy, `${folder}x`, 10, { 'content-type': '${filename}' })).status, 403);
  });

  it('are not used for properties that a form cannot contain, nor for files of several parts', async () => {
    const kinds = async (policy: object, file = {}) =>
      Object.keys(await createCaller({ policy: { posts: true, ...policy } }).init({ filesize: 1, ...file }));
    assert.ok((await kinds({})).includes('post'));
    assert.ok((await kinds({ tags: { a: 'b' } })).includes('put'));
    assert.ok((await kinds({ key: '{random}' })).includes('put'));
    assert.ok((await kinds({ objectKeys: 'o/' }, { object_key: 'x' })).includes('put'));
    assert.ok((await kinds({}, { filesize: 100e6 })).includes('init'));
    assert.ok((await kinds({ posts: false })).includes('put'));
  });
});
