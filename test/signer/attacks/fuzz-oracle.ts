/** Records the grants of each user, and checks that a response contains only signatures that these grants allow. */
import assert from 'node:assert/strict';
import { choosePartSize, partSizeOf } from '../../../src/limits.js';
import type {
  Action,
  AllAnswer,
  ChunkLoadedRequest,
  ChunksLoadedAnswer,
  ChunkRequest,
  InitAnswer,
  InitAnswerFile,
  InitFile,
  ListRequest,
  PostPolicy,
  Signed,
  SignedRequest,
} from '../../../src/protocol.js';
import { createMemoryTracker, createSigner } from '../../../src/signer/index.js';
import type { Policy, SignerOptions } from '../../../src/signer/index.js';
import { findKeyFault } from '../../../src/signer/policy/object-keys.js';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  headObject,
  listParts,
  putObject,
  uploadPart,
  withCopyGuard,
} from '../../../src/signer/s3/operations.js';
import { createPresigner } from '../../../src/signer/s3/presign.js';
import type { StoreOperation } from '../../../src/signer/s3/presign.js';
import { locateStore } from '../../../src/signer/s3/store-address.js';
import { CREDENTIALS, DAY_MS, fileOf, NOW } from '../caller.js';
import type { FuzzCall } from './fuzz-calls.js';

/** An upload for which the signer has returned a grant. */
interface Granted {
  owner: string | null;
  key: string;
  grant: string;
  uploadId: string;
  size: number;
  partSize: number;
  issued: number;
  begun: number;
}

type KeyAndGrant = { key: string; grant: string };

export interface Oracle {
  /** The uploads that the fuzzer uses; the list never grows, so that a seed repeats a run. */
  readonly known: readonly Granted[];
  readonly counts: { calls: number; signatures: number; outcomes: Record<string, number> };
  /** Sends one call, and checks the response against the grants. @throws AssertionError */
  check(call: FuzzCall): Promise<void>;
}

const MIB = 1024 ** 2;
const JSON_POST = { method: 'POST', headers: { 'content-type': 'application/json' } };
const STORE = { bucket: 'films', endpoint: 'http://127.0.0.1:9000', region: 'us-east-1' };
const EXPIRES_S = 3_600;

const POLICIES = {
  plain: {},
  requestedKeys: { objectKeys: 'open/', acls: ['public-read'], accept: '.jpg, video/*', maxSize: 1e9, minSize: 1 },
  posts: {
    key: undefined,
    posts: true,
    disposition: 'attachment',
    metadata: ({ filename }) => ({ name: filename.slice(0, 50) }),
    encryption: 'AES256',
  },
  anonymous: { key: 'u/{principal}/{random}/{name}', overwrite: false, partSize: 6 * MIB, storageClass: 'STANDARD_IA' },
} satisfies Record<string, Policy>;

const SIGNABLE_HEADERS =
  /^(content-type|content-disposition|x-amz-acl|x-amz-copy-source-if-match|x-amz-copy-source-range|x-amz-meta-name|x-amz-server-side-encryption|x-amz-storage-class|if-none-match)$/;

/** Returns the type that the signer must sign: without a type, the sender of the bytes could choose one. */
const typeOf = ({ content_type }: InitFile): string => content_type || 'application/octet-stream';

export async function startOracle(kind: keyof typeof POLICIES): Promise<Oracle> {
  const policy: Policy = POLICIES[kind];
  const isTracked = kind === 'plain' || kind === 'posts';
  let user: string | null = null;
  let clock = NOW;
  const faults: unknown[] = [];
  const sign = createSigner({
    ...STORE,
    credentials: CREDENTIALS,
    secret: 'a sealing secret of some length',
    ...(kind === 'anonymous' ? { allowAnonymous: true } : {}),
    authorize: () => user,
    now: () => clock,
    onError: (error) => faults.push(error),
    policy,
    ...(isTracked ? { tracker: createMemoryTracker() } : {}),
  } satisfies SignerOptions);
  const presign = createPresigner(locateStore(STORE), STORE.region);
  const urlOf = async (operation: StoreOperation) =>
    (await presign(operation, { credentials: CREDENTIALS, now: clock, lifetimeS: EXPIRES_S })).url;

  const grants = new Map<string, Granted>();
  const tracked = new Set<string>();
  const counts: Oracle['counts'] = { calls: 0, signatures: 0, outcomes: {} };
  const completion: Record<string, string> = policy.overwrite === false ? { 'if-none-match': '*' } : {};

  const send = (
    path: string,
    body: unknown,
    { method, headers }: { method: string; headers: Record<string, string> } = JSON_POST,
  ) =>
    sign(
      new Request(`https://signer.test${path}`, {
        method,
        headers,
        body: (typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)) as BodyInit,
      }),
    );

  async function startUpload(owner: string | null, age: number, filesize: number): Promise<Granted> {
    user = owner;
    clock = NOW - age;
    const filename = kind === 'requestedKeys' ? 'x.jpg' : 'film.mp4';
    const response = await send('/sign/get_init_signature', { files: [fileOf({ filename, filesize })] });
    const { files } = (await response.json()) as InitAnswer;
    const { key, grant, part_size } = files[0] as { key: string; grant: string; part_size: number };
    clock = NOW;
    const uploadId = filesize > part_size ? `upload-${grants.size}` : 'none';
    const granted = {
      owner,
      key,
      grant,
      uploadId,
      size: filesize,
      partSize: part_size,
      issued: NOW - age,
      begun: NOW - age,
    };
    grants.set(grant, granted);
    return granted;
  }

  const known: Granted[] = [];
  const owners = kind === 'anonymous' ? [null, null, 'ada', 'bob'] : ['ada', 'ada', 'ada', 'bob'];
  for (const owner of owners) {
    for (const size of [1, 12 * MIB + 1, 100e6]) known.push(await startUpload(owner, 0, size));
  }
  for (const age of [8 * DAY_MS, 31 * DAY_MS]) known.push(await startUpload('ada', age, 100e6));

  /** Returns the grant that permits this caller to sign for that upload now. */
  function requireGrant({ key, grant }: KeyAndGrant, lifetimeMs: number, since: 'issued' | 'begun'): Granted {
    const granted = grants.get(grant);
    assert.ok(granted, 'signed for a grant that the signer has not returned');
    assert.equal(granted.key, key);
    assert.equal(granted.owner, user);
    assert.ok(NOW - granted[since] <= lifetimeMs, 'signed for an expired grant');
    return granted;
  }

  async function expectUrl(signed: Signed, expected: StoreOperation): Promise<void> {
    const operation = withCopyGuard(expected);
    const { method, url, headers } = typeof signed === 'string' ? { method: 'PUT', url: signed } : signed;
    assert.equal(method, operation.method);
    assert.equal(url, await urlOf(operation));
    assert.deepEqual(headers ?? {}, operation.headers ?? {});
    counts.signatures += 1;
  }

  async function checkSigned(
    action: Action,
    body: Record<string, unknown>,
    answer: SignedRequest & AllAnswer,
  ): Promise<void> {
    const { key, upload_id: id, chunk, part_number_marker: marker } = body as unknown as ChunkRequest & ListRequest;
    const granted = requireGrant(body as unknown as KeyAndGrant, 7 * DAY_MS, 'issued');
    const part = (number: number) => uploadPart(key, id, number, partSizeOf(number, granted.size, granted.partSize));
    switch (action) {
      case 'get_chunk_signature':
        return expectUrl(answer, part(chunk));
      case 'get_list_signature':
        return expectUrl(answer, listParts(key, id, marker ?? 0));
      case 'get_end_signature':
        return expectUrl(answer, completeMultipartUpload(key, id, completion));
      case 'get_delete_signature':
        return expectUrl(answer, abortMultipartUpload(key, id));
      case 'get_head_signature':
        return expectUrl(answer, headObject(key));
      default: {
        const { list, end, delete: abort, head, chunks } = answer;
        await expectUrl(list, listParts(key, id));
        await expectUrl(end, completeMultipartUpload(key, id, completion));
        await expectUrl(abort!, abortMultipartUpload(key, id));
        await expectUrl(head!, headObject(key));
        for (const [number, signed] of Object.entries(chunks)) await expectUrl(signed, part(Number(number)));
      }
    }
  }

  function checkKey(key: string, file: InitFile): void {
    assert.equal(findKeyFault(key), null);
    const isRequestedKey = policy.objectKeys !== undefined && Boolean(file.object_key);
    const prefix = isRequestedKey
      ? /^open\//
      : kind === 'anonymous'
        ? /^u\/(ada|bob|x|~)\/[0-9a-f]{32}\//
        : /^uploads\/[0-9a-f]{32}\//;
    assert.match(key, prefix);
    if (kind === 'anonymous') assert.equal(key.split('/')[1], user ?? '~');
    const isTaken = [...grants.values()].some((granted) => granted.key === key);
    assert.ok(isRequestedKey || !isTaken, 'the signer granted a key twice');
  }

  function checkPost({ url, fields }: PostPolicy, { key, size }: { key: string; size: number }, file: InitFile): void {
    assert.equal(url, 'http://127.0.0.1:9000/films/');
    const { expiration, conditions } = JSON.parse(Buffer.from(fields['policy']!, 'base64').toString()) as {
      expiration: string;
      conditions: unknown[][];
    };
    assert.ok(Date.parse(expiration) <= NOW + 900_000);
    const rule = conditions.find((one) => Array.isArray(one) && one[1] === '$key')!;
    assert.ok(
      rule[0] === 'eq'
        ? rule[2] === key
        : /^uploads\/[0-9a-f]{32}\/$/.test(rule[2] as string) && key.startsWith(rule[2] as string),
    );
    const [, min, max] = conditions.find((one) => one[0] === 'content-length-range') as [string, number, number];
    assert.ok(min <= size && size <= max && max <= 5 * 1024 ** 3);
    assert.equal(fields['content-type'], typeOf(file));
    counts.signatures += 1;
  }

  async function checkFile(file: InitFile, answer: InitAnswerFile, posts: InitAnswer['posts']): Promise<void> {
    if ('error' in answer) {
      counts.outcomes[`file ${answer.error.code}`] = (counts.outcomes[`file ${answer.error.code}`] ?? 0) + 1;
      return;
    }
    const isRenewal = file.force !== true && (file.grant ?? file.key ?? file.upload_id ?? null) !== null;
    const { key, part_size: partSize = 0, grant } = answer;
    const size = file.filesize;
    assert.ok(Number.isSafeInteger(size) && size >= (policy.minSize ?? 0) && size <= (policy.maxSize ?? Infinity));
    assert.doesNotMatch(file.content_type, /[^\x20-\x7e]/);
    let { begun } = { begun: NOW };
    if (isRenewal) {
      const granted = requireGrant(file as KeyAndGrant, 30 * DAY_MS, 'begun');
      assert.deepEqual([key, partSize, size], [granted.key, granted.partSize, granted.size]);
      ({ begun } = granted);
    } else if ('upload_id' in answer) {
      assert.ok(
        user !== null && tracked.has(JSON.stringify([user, key, answer.upload_id, size])),
        'the signer returned an upload of another user',
      );
    } else {
      // if the browser chooses keys, it must not choose part sizes: parts of two grants could be mixed
      const requestedPartSize = kind === 'requestedKeys' ? undefined : (file.part_size ?? undefined);
      assert.equal(partSize, choosePartSize(size, policy.partSize ?? requestedPartSize));
      checkKey(key, file);
    }
    const headers =
      ('put' in answer && (answer.put as SignedRequest).headers)
      || ('init' in answer && (answer.init as SignedRequest).headers)
      || {};
    for (const [name, value] of Object.entries(headers)) {
      assert.match(name, SIGNABLE_HEADERS);
      assert.match(value, /^[\x20-\x7e]*$/);
      if (name === 'content-type' && kind !== 'requestedKeys') assert.equal(value, typeOf(file));
      // the accept list of this policy allows no other type
      if (name === 'content-type' && kind === 'requestedKeys')
        assert.match(value, /^(video\/mp4|image\/jpeg|application\/octet-stream)$/);
      if (name === 'x-amz-acl') assert.equal(value, policy.acls?.includes(file.acl!) ? file.acl : 'private');
    }
    if ('put' in answer) {
      assert.ok(size <= partSize);
      await expectUrl(answer.put, putObject(key, size, headers));
    } else if ('init' in answer) {
      assert.ok(size > partSize);
      await expectUrl(answer.init, createMultipartUpload(key, headers));
    } else if ('post' in answer) checkPost(posts![answer.post]!, { key, size }, file);
    else assert.ok(size > partSize);
    grants.set(grant!, {
      owner: user,
      key,
      grant: grant!,
      uploadId: '',
      size,
      partSize: partSize,
      issued: NOW,
      begun,
    });
  }

  function recordTracked(notification: ChunkLoadedRequest): void {
    const granted = requireGrant(notification as KeyAndGrant, 7 * DAY_MS, 'issued');
    tracked.add(JSON.stringify([user, granted.key, notification.upload_id, granted.size]));
  }

  async function check({ user: caller, path, method, headers, body }: FuzzCall): Promise<void> {
    user = caller;
    const response = await send(path, body, { method, headers });
    counts.calls += 1;
    assert.deepEqual(faults, []);
    assert.ok(response.status < 500, `${response.status}`);
    const text = await response.text();
    assert.ok(!text.includes(CREDENTIALS.secretAccessKey) && !text.includes('sealing'));
    if (!response.ok) {
      const { error } = JSON.parse(text) as { error: { code: string; message: string } };
      assert.match(error.code, /^[a-z-]+$/);
      assert.ok(!text.includes('X-Amz-Signature') && !/\bat \S+:\d+/.test(error.message));
      const outcome = `${response.status} ${error.code}`;
      counts.outcomes[outcome] = (counts.outcomes[outcome] ?? 0) + 1;
      return;
    }
    counts.outcomes[response.status] = (counts.outcomes[response.status] ?? 0) + 1;
    if (method === 'OPTIONS') return;
    assert.equal(method, 'POST');
    if (kind !== 'anonymous') assert.notEqual(user, null);
    const action = path.split('/').filter(Boolean).at(-1)!.split(/[?#]/)[0] as Action;
    const requested = JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)) as Record<
      string,
      unknown
    >;
    if (action === 'chunk_loaded') return recordTracked(requested as unknown as ChunkLoadedRequest);
    if (action === 'chunks_loaded') {
      const { uploads } = JSON.parse(text) as ChunksLoadedAnswer;
      const notifications = requested['uploads'] as ChunkLoadedRequest[];
      assert.equal(uploads.length, notifications.length);
      for (const [index, upload] of uploads.entries()) if (!('error' in upload)) recordTracked(notifications[index]!);
      return;
    }
    const answer = JSON.parse(text) as InitAnswer & SignedRequest & AllAnswer;
    if (action !== 'get_init_signature') return checkSigned(action, requested, answer);
    // the signer treats null as an absent field
    const files = (requested['files'] as InitFile[]).map((file) => ({
      ...file,
      content_type: file.content_type ?? '',
    }));
    assert.deepEqual(
      answer.files.map(({ id }) => id),
      files.map(({ id }) => id),
    );
    for (const [index, file] of files.entries()) await checkFile(file, answer.files[index]!, answer.posts);
  }

  return { known, counts, check };
}
