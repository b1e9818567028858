import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InitFile } from '../../../src/protocol.js';
import type { Policy } from '../../../src/signer/policy/policy.js';
import { createMemoryTracker } from '../../../src/signer/tracker/memory-tracker.js';
import { createCaller, DAY_MS, fileOf, NOW, queryOf } from '../caller.js';

const MIB = 1024 ** 2;

describe('init', () => {
  it('signs CreateMultipartUpload for a file of several parts, and one PUT for any other file', async () => {
    const caller = createCaller();
    const sizes = [0, 1, 8 * MIB, 8 * MIB + 1];
    const { files, time, limits, actions } = await caller.call('get_init_signature', {
      files: sizes.map((filesize) => fileOf({ id: String(filesize), filesize })),
    });
    assert.equal(time, NOW);
    assert.deepEqual(limits, { files: 100 });
    assert.deepEqual(actions, ['get_all_signatures', 'get_delete_signature', 'get_head_signature']);
    assert.deepEqual(
      files.map((file) => ('put' in file ? 'put' : 'init' in file ? 'init' : 'else')),
      ['put', 'put', 'put', 'init'],
    );
    for (const file of files) assert.equal('part_size' in file && file.part_size, 8 * MIB);
  });

  it('signs the content type as a header that the browser sends, and the exact length of a PUT, which the browser sets', async () => {
    const { put } = await createCaller().init({ filesize: 5 });
    assert.equal(put!.method, 'PUT');
    assert.deepEqual(put!.headers, { 'content-type': 'video/mp4' });
    assert.equal(queryOf(put!.url)['X-Amz-SignedHeaders'], 'content-length;content-type;host');
    const { init } = await createCaller().init({ content_type: '' });
    assert.equal(init!.method, 'POST');
    // the holder of the URL could choose a content type that is not signed
    assert.deepEqual(init!.headers, { 'content-type': 'application/octet-stream' });
    assert.equal(queryOf(init!.url)['uploads'], '');
  });

  it('returns the expiry by its own clock, to the second', async () => {
    const { init } = await createCaller({ expires: 600 }).init();
    assert.equal(init!.expires, Math.floor(NOW / 1_000) * 1_000 + 600_000);
    assert.equal(queryOf(init!.url)['X-Amz-Expires'], '600');
  });

  it('signs no request that is valid after temporary credentials expire', async () => {
    const credentials = async () => ({
      accessKeyId: 'A',
      secretAccessKey: 'B',
      sessionToken: 'T',
      expiration: new Date(NOW + 90_500),
    });
    const caller = createCaller({ credentials });
    const { init } = await caller.init();
    assert.equal(queryOf(init!.url)['X-Amz-Expires'], '90');
    assert.equal(queryOf(init!.url)['X-Amz-Security-Token'], 'T');
    assert.ok(init!.expires <= NOW + 90_500);
    caller.now += 91_000;
    const late = await caller.post('get_init_signature', { files: [fileOf()] });
    assert.equal(late.status, 503);
    assert.equal(late.headers.get('retry-after'), '5');
  });

  it('chooses the part size by the limits, then the policy, then the request', async () => {
    const size = async (byPolicy: number | undefined, byRequest: number | undefined, filesize = 100e6) =>
      (await createCaller({ policy: { partSize: byPolicy } }).init({ part_size: byRequest, filesize })).part_size;
    assert.equal(await size(undefined, undefined), 8 * MIB);
    assert.equal(await size(undefined, 16 * MIB), 16 * MIB);
    assert.equal(await size(undefined, 1), 5 * MIB);
    assert.equal(await size(6 * MIB, 16 * MIB), 6 * MIB);
    assert.ok((await size(6 * MIB, undefined, 10_000 * 6 * MIB + 1)) > 6 * MIB);
  });

  it('sets own_key for a key that has random bits and that no browser can request', async () => {
    const isOwn = async (policy: object, object_key?: string) => {
      const file = await createCaller({ policy }).init({ object_key });
      return 'own_key' in file && file.own_key;
    };
    assert.equal(await isOwn({}), true);
    assert.equal(await isOwn({}, 'a requested key that is ignored'), true);
    assert.equal(await isOwn({ key: '{principal}/{random}' }), true);
    assert.equal(await isOwn({ key: 'films/{name}' }), false);
    assert.equal(await isOwn({ key: () => `films/${'0'.repeat(32)}` }), false);
    assert.equal(await isOwn({ objectKeys: '' }), false);
    assert.equal(await isOwn({ objectKeys: '' }, `uploads/${'0'.repeat(32)}/film.mp4`), false);
  });

  it('refuses one file of a batch without affecting the others', async () => {
    const caller = createCaller({ policy: { maxSize: 1_000, minSize: 2, accept: 'video/*' } });
    const { files } = await caller.call('get_init_signature', {
      files: [
        fileOf({ id: 'big', filesize: 1_001 }),
        fileOf({ id: 'small', filesize: 1 }),
        fileOf({ id: 'text', filename: 'notes.txt', filesize: 5, content_type: 'text/plain' }),
        fileOf({ id: 'nameless', filesize: 5, filename: '' }),
        fileOf({ id: 'good', filesize: 5 }),
      ],
    });
    const codes = Object.fromEntries(files.map((file) => [file.id, 'error' in file ? file.error.code : 'accepted']));
    assert.deepEqual(codes, {
      big: 'too-big',
      small: 'too-small',
      text: 'type',
      nameless: 'empty-name',
      good: 'accepted',
    });
    const [big] = files;
    assert.match('error' in big! ? big.error.message : '', /film\.mp4.*1,001 bytes.*1,000/);
  });

  it('refuses more files than its limit, so that the browser halves the batch', async () => {
    const caller = createCaller({ policy: { maxFiles: 2 } });
    const files = ['a', 'b', 'c'].map((id) => fileOf({ id }));
    assert.equal(await caller.refusal('get_init_signature', { files }), '413 too-many');
    assert.equal((await caller.call('get_init_signature', { files: files.slice(1) })).files.length, 2);
  });

  it('refuses two files with the same ID, which a response could not distinguish', async () => {
    assert.equal(
      await createCaller().refusal('get_init_signature', { files: [fileOf(), fileOf()] }),
      '400 invalid-request',
    );
  });

  it('returns null as the principal of an allowed anonymous call', async () => {
    const anonymous = createCaller({ allowAnonymous: true });
    anonymous.user = null;
    const principalOf = async (caller: typeof anonymous) =>
      (await caller.call('get_init_signature', { files: [fileOf()] })).principal;
    assert.equal(await principalOf(anonymous), null);
    assert.equal(await principalOf(createCaller({ authorize: undefined, allowAnonymous: true })), null);
    anonymous.user = 'ada';
    assert.match((await principalOf(anonymous))!, /^[\w-]{22}$/);
  });

  it('sends a hash of the principal to the browser, and never its name', async () => {
    const caller = createCaller();
    // not made of hexadecimal digits, which an ID in the grant could contain by chance
    caller.user = 'grace.hopper';
    const answer = await caller.call('get_init_signature', { files: [fileOf()] });
    assert.match(answer.principal!, /^[\w-]{22}$/);
    const [, payload] = (await caller.init()).grant.split('.');
    assert.ok(!Buffer.from(payload!, 'base64url').toString().includes(caller.user));
  });
});

describe('the renewal of a grant by init', () => {
  it('keeps key and part size, with and without an upload ID', async () => {
    const caller = createCaller();
    const first = await caller.init({ part_size: 6 * MIB });
    caller.now += 8 * DAY_MS;
    const renewed = await caller.init({ key: first.key, grant: first.grant });
    assert.equal(renewed.key, first.key);
    assert.equal(renewed.part_size, 6 * MIB);
    assert.ok(renewed.init!.expires > caller.now);
    const withUploadId = await caller.init({ key: first.key, grant: first.grant, upload_id: 'u' });
    assert.equal(withUploadId.upload_id, 'u');
    assert.equal(withUploadId.init, undefined);
    const part = { key: withUploadId.key, upload_id: 'u', chunk: 1, size: 6 * MIB };
    assert.equal(await caller.refusal('get_chunk_signature', { ...part, grant: first.grant }), '403 grant-expired');
    await caller.call('get_chunk_signature', { ...part, grant: withUploadId.grant });
  });

  it('is refused after the renewal time, counted from the start of the upload and not from the last renewal', async () => {
    const caller = createCaller({ renewalTime: 10 * 86_400 });
    let { key, grant } = await caller.init();
    caller.now += 6 * DAY_MS;
    ({ key, grant } = await caller.init({ key, grant }));
    caller.now += 6 * DAY_MS;
    assert.equal((await caller.init({ key, grant })).error?.code, 'grant-expired');
  });

  it('is refused for another principal, key or size', async () => {
    const caller = createCaller();
    const { key, grant } = await caller.init();
    assert.equal((await caller.init({ key: `${key}x`, grant })).error?.code, 'key-mismatch');
    assert.equal((await caller.init({ key, grant, filesize: 1 })).error?.code, 'size-mismatch');
    assert.equal((await caller.init({ grant })).error?.code, 'key-required');
    assert.equal((await caller.init({ key })).error?.code, 'grant-required');
    assert.equal((await caller.init({ key, grant: `${grant}x` })).error?.code, 'grant-invalid');
    caller.user = 'bob';
    assert.equal((await caller.init({ key, grant })).error?.code, 'principal-mismatch');
  });

  it('does not happen with force: the upload restarts under another key', async () => {
    const caller = createCaller();
    const { key, grant } = await caller.init();
    const restarted = await caller.init({ key, grant, upload_id: 'u', force: true });
    assert.notEqual(restarted.key, key);
    assert.ok(restarted.init);
  });
});

describe('resuming from the tracker', () => {
  const startTracked = async (caller = createCaller({ tracker: createMemoryTracker() })) => {
    const first = await caller.init({ fingerprint: 'f1', part_size: 6 * MIB });
    await caller.call('chunk_loaded', {
      key: first.key,
      upload_id: 'u1',
      grant: first.grant,
      chunks: [],
      state: 'started',
    });
    await caller.call('chunk_loaded', { key: first.key, upload_id: 'u1', grant: first.grant, chunks: [2, 1] });
    return { caller, first };
  };

  it('resumes the upload of the same fingerprint, or the same name, size and time, and returns a valid grant', async () => {
    const { caller, first } = await startTracked();
    assert.equal(first.tracked, true);
    for (const file of [{ fingerprint: 'f1', filename: 'renamed.mp4' }, {}]) {
      const found = await caller.init(file);
      assert.deepEqual(
        { key: found.key, upload_id: found.upload_id, chunks: found.chunks, part_size: found.part_size },
        { key: first.key, upload_id: 'u1', chunks: [1, 2], part_size: 6 * MIB },
      );
      await caller.call('get_chunk_signature', {
        key: found.key,
        upload_id: 'u1',
        grant: found.grant,
        chunk: 1,
        size: 6 * MIB,
      });
    }
  });

  it('offers chunk_loaded if there is a tracker', async () => {
    const { caller } = await startTracked();
    const { actions } = await caller.call('get_init_signature', { files: [fileOf()] });
    assert.ok(actions!.includes('chunk_loaded'));
  });

  it('starts a new upload for any other file, and with force', async () => {
    const { caller, first } = await startTracked();
    for (const file of [
      { last_modified: 1 },
      { filesize: 99e6 },
      { fingerprint: 'f1', filesize: 99e6 },
      { fingerprint: 'f1', force: true },
    ]) {
      assert.notEqual((await caller.init(file)).key, first.key);
    }
  });

  it('starts a new upload for the same file in another folder, or with other requests that decide its object', async () => {
    const policies: Record<string, Policy> = {
      'a policy with functions': { key: ({ filename }) => `${crypto.randomUUID()}/${filename}` },
      'a policy without functions': { objectKeys: 'films/', acls: ['public-read'] },
    };
    const requests: Partial<InitFile>[] = [
      {},
      { relative_path: 'a/film.mp4' },
      { relative_path: 'b/film.mp4' },
      { object_key: 'a/' },
      { object_key: 'b/' },
      { acl: 'public-read' },
    ];
    for (const [description, policy] of Object.entries(policies)) {
      const caller = createCaller({ tracker: createMemoryTracker(), policy });
      const withParams = description.includes('without')
        ? []
        : [{ params: { project: 1 } }, { params: { project: 2 } }];
      for (const [index, request] of [...requests, ...withParams].entries()) {
        for (const identity of [{ fingerprint: 'f1' }, { last_modified: 7 }]) {
          const { key, grant, upload_id } = await caller.init({ ...identity, ...request });
          assert.equal(upload_id, undefined, `${description}: ${JSON.stringify(request)} resumes another upload`);
          const reference = { key, grant, upload_id: `${index}-${JSON.stringify(identity)}` };
          await caller.call('chunk_loaded', { ...reference, chunks: [], state: 'started' });
          const again = await caller.init({ ...identity, ...request, id: 'another browser' });
          assert.equal(again.upload_id, reference.upload_id, 'the same requests resume the upload');
        }
        const renamed = await caller.init({ fingerprint: 'f1', ...request, filename: 'renamed.mp4' });
        assert.match(renamed.upload_id!, new RegExp(`^${index}-`), 'a renamed file resumes its upload');
      }
    }
  });

  it('resumes the upload if requests differ that the policy ignores', async () => {
    const { caller, first } = await startTracked();
    for (const request of [{ params: { token: 't1' } }, { object_key: 'ignored' }, { acl: 'public-read' }])
      assert.equal((await caller.init({ fingerprint: 'f1', ...request })).key, first.key);
  });

  it('returns no upload of another principal', async () => {
    const { caller, first } = await startTracked();
    caller.user = 'bob';
    const other = await caller.init({ fingerprint: 'f1' });
    assert.equal(other.upload_id, undefined);
    assert.notEqual(other.key, first.key);
  });

  it('returns and records no upload without a principal', async () => {
    const caller = createCaller({ tracker: createMemoryTracker(), authorize: undefined, allowAnonymous: true });
    const { first } = await startTracked(caller);
    assert.equal(first.tracked, undefined);
    assert.equal((await caller.init({ fingerprint: 'f1' })).upload_id, undefined);
  });

  it('does not return uploads that are complete, aborted or too old to renew', async () => {
    for (const state of ['complete', 'aborted'] as const) {
      const { caller, first } = await startTracked();
      await caller.call('chunk_loaded', { key: first.key, upload_id: 'u1', grant: first.grant, chunks: [], state });
      assert.equal((await caller.init({ fingerprint: 'f1' })).upload_id, undefined, state);
    }
    const { caller } = await startTracked();
    caller.now += 31 * DAY_MS;
    assert.equal((await caller.init({ fingerprint: 'f1' })).upload_id, undefined);
  });
});
