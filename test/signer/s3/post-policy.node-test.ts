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

/** Posts a form as a browser does: the fields, `key`, and the file as the last field. */
async function postForm({ url, fields }: PostPolicy, key: string, bytes: number, changes: Record<string, string> = {}) {
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

  it('are shared by all files of one type in a call; each file has its own key', async () => {
    const { posts, files } = await init({ filesize: 1 }, { filesize: 20 }, { content_type: 'image/png' });
    assert.deepEqual(Object.keys(posts).sort(), ['p1', 'p2']);
    assert.equal(new Set(files.map(({ key }) => key)).size, 3);
    assert.equal(files[0]!.post, files[1]!.post);
    for (const [index, bytes] of [1, 20, 10].entries()) {
      const { post, key } = files[index]!;
      const sent = await postForm(posts[post]!, key, bytes);
      assert.equal(sent.status, 201, sent.text);
      const head = await caller.call('get_head_signature', { key, grant: files[index]!.grant });
      const { headers } = await fetch(head.url, { method: 'HEAD', headers: head.headers });
      assert.equal(headers.get('content-length'), String(bytes));
      assert.equal(headers.get('content-type'), index === 2 ? 'image/png' : 'video/mp4');
    }
  });

  it('allow no other prefix, size, type, field or status', async () => {
    const { posts, files } = await init({ filesize: 5 }, { filesize: 9 });
    const { post, key } = files[0]!;
    const policy = posts[post]!;
    const prefix = key.split('/').slice(0, 2).join('/');
    assert.match(prefix, /^uploads\/[0-9a-f]{32}$/);
    assert.equal((await postForm(policy, 'uploads/other/film.mp4', 5)).status, 403);
    assert.equal((await postForm(policy, `${prefix}x`, 5)).status, 403);
    for (const bytes of [4, 10]) assert.equal((await postForm(policy, key, bytes)).status, 400, `${bytes} bytes`);
    for (const changes of [
      { 'content-type': 'text/html' },
      { acl: 'public-read' },
      { success_action_status: '200' },
      { 'x-amz-meta-a': 'b' },
      { 'x-amz-credential': 'other/20260101/us-east-1/s3/aws4_request' },
    ] as Record<string, string>[]) {
      assert.equal((await postForm(policy, key, 5, changes)).status, 403, JSON.stringify(changes));
    }
    assert.equal((await postForm(policy, key, 5)).status, 201);
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

  it('allow only the granted key after a renewal', async () => {
    const { files } = await init({});
    const { key, grant } = files[0]!;
    const renewal = await init({ key, grant });
    const { post } = renewal.files[0]!;
    assert.equal(renewal.files[0]!.key, key);
    assert.ok(
      documentOf(renewal.posts[post]!).conditions.some((one) => JSON.stringify(one) === `["eq","$key","${key}"]`),
    );
    assert.equal((await postForm(renewal.posts[post]!, key, 10)).status, 201);
    assert.equal((await postForm(renewal.posts[post]!, `${key}x`, 10)).status, 403);
  });

  it('allow only the granted keys if the policy has accept, so that no other extension can be stored', async () => {
    const policy: Policy = { posts: true, accept: '.png, video/*' };
    const strict = createCaller({ bucket: 'films', endpoint: bucket.url, now: () => Date.now(), policy });
    const { posts, files } = await strict.call('get_init_signature', {
      files: ['a.png', 'b.png'].map((filename) =>
        fileOf({ id: filename, filesize: 10, filename, content_type: 'image/png' }),
      ),
    });
    for (const { post, key } of files as (InitPost & { key: string })[]) {
      const signed = posts![post]!;
      for (const name of ['page.html', 'c.png', ''])
        assert.equal((await postForm(signed, key.replace(/[^/]*$/, name), 10)).status, 403, name);
      assert.equal((await postForm(signed, `${key}.html`, 10)).status, 403);
      assert.equal((await postForm(signed, key, 10)).status, 201);
    }
  });

  it('are not used for a name with a variable that the store replaces: such a file is sent by PUT, under the granted key', async () => {
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

  it('are not used for metadata, a disposition or a renewed key with such a variable: PUT is used', async () => {
    const grantWith = async (policy: Policy, file: Partial<InitFile> = {}) => {
      const caller = createCaller({ policy: { posts: true, ...policy } });
      return { caller, granted: await caller.init({ filesize: 1, ...file }) };
    };
    const metadata = ({ params }: Readonly<InitFile>) => ({ note: String(params) });
    assert.ok('put' in (await grantWith({ metadata }, { params: '${filename}' })).granted);
    assert.ok('post' in (await grantWith({ metadata }, { params: 'filename' })).granted);
    assert.ok('put' in (await grantWith({ disposition: 'inline' }, { filename: '${filename}.txt' })).granted);
    const object_key = '${filename}';
    const requestedKey = await grantWith({ objectKeys: 'o/' }, { object_key });
    assert.equal(requestedKey.granted.key, 'o/${filename}');
    const { key, grant } = requestedKey.granted;
    const renewed = await requestedKey.caller.init({ filesize: 1, object_key, key, grant });
    assert.deepEqual(['put' in renewed, renewed.key], [true, key]);
    const keyByPolicy = await grantWith({ key: () => 'k/${filename}' });
    assert.deepEqual(['put' in keyByPolicy.granted, keyByPolicy.granted.key], [true, 'k/${filename}']);
  });

  it('have variables, which the demo bucket replaces as S3 does: in each field, without a path, before it checks the policy', async () => {
    const { posts, files } = await init({});
    const folder = files[0]!.key.replace(/[^/]*$/, '');
    const policy = posts[files[0]!.post]!;
    const sent = await postForm(policy, `${folder}\${filename}`, 10);
    assert.match(sent.text, new RegExp(`<Key>${folder}blob</Key>`));
    assert.equal((await postForm(policy, `${folder}x`, 10, { 'content-type': '${filename}' })).status, 403);
  });

  it('are not used for properties that a form cannot contain, nor for files of several parts', async () => {
    const fieldsWith = async (policy: object, file = {}) =>
      Object.keys(await createCaller({ policy: { posts: true, ...policy } }).init({ filesize: 1, ...file }));
    assert.ok((await fieldsWith({})).includes('post'));
    assert.ok((await fieldsWith({ tags: { a: 'b' } })).includes('put'));
    assert.ok((await fieldsWith({ key: '{random}' })).includes('put'));
    assert.ok((await fieldsWith({ objectKeys: 'o/' }, { object_key: 'x' })).includes('put'));
    assert.ok((await fieldsWith({}, { filesize: 100e6 })).includes('init'));
    assert.ok((await fieldsWith({ posts: false })).includes('put'));
  });
});
