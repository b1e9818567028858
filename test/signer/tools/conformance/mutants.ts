/** A table of faulty signers: the fault, the conformance rule that has to detect it, and the code of the fault. */
import type { Action, InitFile, PostPolicy, Signed, SignedRequest } from '../../../../src/protocol.js';
import { listParts, uploadPart } from '../../../../src/signer/s3/operations.js';
import { createMemoryTracker } from '../../../../src/signer/index.js';
import type { SignerOptions } from '../../../../src/signer/index.js';
import type { StoreOperation } from '../../../../src/signer/s3/presign.js';
import type { Tracker } from '../../../../src/signer/tracker/tracker.js';
import { answers, answersTo, filesOf, requests, resigned } from './mutant-signer.js';
import type { Json, MutantTools, Mutation } from './mutant-signer.js';

export interface Mutant {
  /** Completes "a signer that …". */
  broken: string;
  /** The rule that has to fail, by its full name. */
  rule: string;
  mutation?: Mutation;
  options?: Partial<SignerOptions>;
  /** Whether the rules call without signing in. */
  isAnonymous?: boolean;
}

const HOUR = 3_600_000;
const DAY = 86_400_000;
const user = (request: Request): string | null => request.headers.get('x-user');
const error = (status: number, code: string): Response =>
  Response.json({ error: { code, message: 'broken' } }, { status });

/** Changes every signed request of a response. */
const eachSigned = async (answer: Json, change: (signed: Json) => Json): Promise<Json> =>
  Object.fromEntries(
    Object.entries(answer).map(([name, value]) =>
      typeof value === 'object' && value !== null && 'url' in value && !('fields' in value)
        ? [name, change(value as Json)]
        : [name, value],
    ),
  );

const setClock = (offMs: number): Mutation =>
  answers(({ answer }) => ('time' in answer ? { ...answer, time: (answer['time'] as number) + offMs } : undefined));

const HTTP: readonly Mutant[] = [
  {
    broken: 'accepts text/plain, which forms of other sites can send',
    rule: 'only JSON is accepted: another content type is answered with 415',
    mutation: requests((request) => {
      const headers = new Headers(request.headers);
      if (headers.get('content-type') === 'text/plain') headers.set('content-type', 'application/json');
      return new Request(request, { headers });
    }),
  },
  {
    broken: 'refuses other types with 400',
    rule: 'only JSON is accepted: another content type is answered with 415',
    mutation: answers(({ status }) => (status === 415 ? error(400, 'invalid-request') : undefined)),
  },
  {
    broken: 'answers GET',
    rule: 'only POST is accepted',
    mutation: answers(({ request }) => (request.method === 'GET' ? { time: Date.now() } : undefined)),
  },
  {
    broken: 'fails on a body that is not JSON',
    rule: 'invalid JSON is answered with a 4xx and {"error": {"code", "message"}}',
    mutation: answers(({ code }) => (code === 'invalid-json' ? error(500, 'internal') : undefined)),
  },
  {
    broken: 'fails on deep JSON',
    rule: 'invalid JSON is answered with a 4xx and {"error": {"code", "message"}}',
    mutation: answers(({ text }) => (text.includes('[[[[') ? new Response('Recursion', { status: 500 }) : undefined)),
  },
  {
    broken: 'refuses in plain text',
    rule: 'invalid JSON is answered with a 4xx and {"error": {"code", "message"}}',
    mutation: answers(({ status }) => (status >= 400 ? new Response('no', { status }) : undefined)),
  },
  ...(['POST', 'OPTIONS'] as const).map((method): Mutant => ({
    broken: `lets pages of any origin call with cookies (in its answer to ${method})`,
    rule: 'pages of unlisted origins cannot call with the user’s cookies',
    mutation: (signer) => async (request) => {
      const response = await signer(request);
      const origin = request.headers.get('origin');
      if (origin === null || request.method !== method) return response;
      const headers = new Headers(response.headers);
      headers.set('access-control-allow-origin', origin);
      headers.set('access-control-allow-credentials', 'true');
      return new Response(response.body, { status: response.status, headers });
    },
  })),
  {
    broken: 'lets pages without an origin call with cookies',
    rule: 'pages of unlisted origins cannot call with the user’s cookies',
    mutation: answers(({ request, answer }) =>
      request.headers.get('origin') === 'null'
        ? Response.json(answer, {
            headers: { 'access-control-allow-origin': 'null', 'access-control-allow-credentials': 'true' },
          })
        : undefined,
    ),
  },
];

const PRINCIPAL = 'init returns the principal: a string for a signed-in user, null for an anonymous call';

/** Changes the principal in init's response. */
const named = (broken: string, principalOf: (principal: unknown) => unknown, isAnonymous = false): Mutant => ({
  broken,
  rule: PRINCIPAL,
  isAnonymous,
  mutation: answersTo('get_init_signature', ({ answer }) => ({
    ...answer,
    principal: principalOf(answer['principal']),
  })),
});

const SESSIONS: readonly Mutant[] = [
  named('names no principal', () => undefined),
  named('says that nobody signs in, although a user has', () => null),
  named('names the same principal for every user', () => 'user'),
  named('names another principal with every call', () => crypto.randomUUID()),
  named('returns the principal as a number', () => 7),
  named('names no principal if nobody signs in', () => undefined, true),
  named('names a user if nobody signs in', () => 'anonymous', true),
  {
    broken: 'needs no session at all',
    rule: 'init requires a session',
    options: { authorize: (request) => user(request) ?? 'ada' },
  },
  {
    broken: 'needs no session for init',
    rule: 'init requires a session',
    options: { authorize: (request, action) => user(request) ?? (action === 'get_init_signature' ? 'ada' : null) },
  },
  {
    broken: 'answers 400 if the session is missing, so that uploads fail',
    rule: 'init requires a session',
    mutation: answers(({ status }) => (status === 401 ? error(400, 'invalid-request') : undefined)),
  },
  ...(
    [
      'get_chunk_signature',
      'get_list_signature',
      'get_end_signature',
      'get_delete_signature',
      'get_head_signature',
      'get_all_signatures',
      'chunk_loaded',
      'chunks_loaded',
    ] as const
  ).map((open): Mutant => ({
    broken: `needs no session for ${open}`,
    rule: 'every call requires a session',
    options: { authorize: (request, action) => user(request) ?? (action === open ? 'ada' : null) },
  })),
];

const INIT: readonly Mutant[] = [
  {
    broken: 'refuses a whole batch for one file',
    rule: 'a refused file does not affect the others',
    mutation: answersTo('get_init_signature', ({ answer }) =>
      (answer['files'] as Json[]).length > 1 && (answer['files'] as Json[]).some((file) => file['error'])
        ? error(403, 'too-big')
        : undefined,
    ),
  },
  {
    broken: 'fails on half a surrogate pair',
    rule: 'a refused file does not affect the others',
    mutation: answers(({ text }) => (text.includes('\\ud800') ? error(500, 'internal') : undefined)),
  },
  {
    broken: 'fails on a blank name',
    rule: 'a refused file does not affect the others',
    mutation: answers(({ body }) =>
      ((body['files'] ?? []) as InitFile[]).some(({ filename }) => filename?.trim() === '')
        ? error(500, 'internal')
        : undefined,
    ),
  },
  {
    broken: 'fails on a size that is a string',
    rule: 'a refused file does not affect the others',
    mutation: answers(({ text }) => (text.includes('"filesize":"') ? error(500, 'internal') : undefined)),
  },
  {
    broken: 'grants 60 TB',
    rule: 'a refused file does not affect the others',
    mutation: filesOf((_answered, asked, tools) =>
      asked.filesize > 5e13 ? tools.grantFile({ ...asked, filesize: 3 }, 'uploads/huge') : undefined,
    ),
  },
  {
    broken: 'leaves out the files that it refuses',
    rule: 'a refused file does not affect the others',
    mutation: answersTo('get_init_signature', ({ answer }) => ({
      ...answer,
      files: (answer['files'] as Json[]).filter((file) => !file['error']),
    })),
  },
  {
    broken: 'refuses good files beside a bad one',
    rule: 'a refused file does not affect the others',
    mutation: answersTo('get_init_signature', ({ answer }) => ({
      ...answer,
      files: (answer['files'] as Json[]).some((file) => file['error'])
        ? (answer['files'] as Json[]).map((file) => ({ ...file, error: { code: 'type', message: 'broken' } }))
        : (answer['files'] as Json[]),
    })),
  },
  {
    broken: 'accepts more files than its limit',
    rule: 'more files than limits.files are answered with 413',
    mutation: answersTo('get_init_signature', ({ answer }) => ({ ...answer, limits: { files: 10 } })),
  },
  {
    broken: 'refuses too many files with 400',
    rule: 'more files than limits.files are answered with 413',
    mutation: answers(({ status }) => (status === 413 ? error(400, 'too-many') : undefined)),
  },
  {
    broken: 'signs init for any key that the page names',
    rule: 'init grants no key that the page chooses',
    mutation: filesOf((answered, asked, tools) =>
      answered['error'] && asked.key && !asked.grant ? tools.grantFile(asked, asked.key) : undefined,
    ),
  },
  {
    broken: 'signs init for any key with any grant',
    rule: 'init grants no key that the page chooses',
    mutation: filesOf((answered, asked, tools) =>
      (answered['error'] as Json | undefined)?.['code'] === 'grant-invalid' && asked.key
        ? tools.grantFile(asked, asked.key)
        : undefined,
    ),
  },
  {
    broken: 'uses object_key unchanged',
    rule: 'init grants no key that the page chooses',
    mutation: filesOf((_answered, asked, tools) =>
      asked.object_key ? tools.grantFile(asked, asked.object_key) : undefined,
    ),
  },
  {
    broken: 'uses the file’s name unchanged',
    rule: 'a file’s name cannot change the folder of its key',
    mutation: filesOf((answered, asked, tools) =>
      answered['put'] && asked.filename.includes('private')
        ? tools.grantFile(asked, `uploads/${asked.filename}`)
        : undefined,
    ),
  },
  {
    broken: 'keeps control characters in keys',
    rule: 'a file’s name cannot change the folder of its key',
    mutation: filesOf((_answered, asked, tools) =>
      asked.filename.includes('\0') ? tools.grantFile(asked, `uploads/${asked.filename}`) : undefined,
    ),
  },
  {
    broken: 'lets two users overwrite each other by a file’s name',
    rule: 'two users never get the same key',
    options: { policy: { key: 'uploads/{name}' } },
  },
  {
    broken: 'lets any page choose any key of the bucket',
    rule: 'two users never get the same key',
    options: { policy: { objectKeys: '' } },
  },
  {
    broken: 'sets own_key for keys that it grants twice',
    rule: 'own_key is set only for a key that no other upload gets',
    options: { policy: { key: 'uploads/{principal}/{name}' } },
    mutation: filesOf((answered) => (answered['error'] ? undefined : { ...answered, own_key: true })),
  },
];

/** Signs the PUT of files of one request again. */
const puts = (change: (operation: StoreOperation, asked: InitFile) => Partial<StoreOperation>): Mutation =>
  filesOf(async (answered, asked, tools) =>
    answered['put']
      ? { ...answered, put: await tools.resign(answered['put'] as Signed, (operation) => change(operation, asked)) }
      : undefined,
  );

/** Signs POST policies again. */
const posts = (broken: string, change: (conditions: unknown[]) => unknown[]): Mutant => ({
  broken,
  rule: 'a POST policy is limited to its prefix and sizes',
  options: { policy: { posts: true } },
  mutation: answersTo('get_init_signature', async ({ answer, tools }) => {
    const policies = Object.entries((answer['posts'] ?? {}) as Record<string, PostPolicy>);
    const changed = policies.map(async ([name, policy]) => [name, await tools.resignPolicy(policy, change)] as const);
    return { ...answer, posts: Object.fromEntries(await Promise.all(changed)) };
  }),
});

/** Replaces the condition on one field. */
const condition = (field: string, instead: readonly unknown[]) => (conditions: unknown[]) => [
  ...conditions.filter((item) => !(Array.isArray(item) && (item[1] === `$${field}` || item[0] === field))),
  ...instead,
];

const SINGLE_REQUESTS: readonly Mutant[] = [
  {
    broken: 'signs PUT without its length',
    rule: 'a single request is signed with its exact length',
    mutation: puts(() => ({})),
  },
  {
    broken: 'signs empty files for one byte',
    rule: 'init signs an empty file, and the store accepts it',
    mutation: puts((_operation, { filesize }) => ({ contentLength: Math.max(filesize, 1) })),
  },
  {
    broken: 'fails on empty files',
    rule: 'init signs an empty file, and the store accepts it',
    mutation: answers(({ body }) =>
      ((body['files'] ?? []) as InitFile[]).some(({ filesize }) => filesize === 0) ? error(500, 'internal') : undefined,
    ),
  },
  {
    broken: 'signs PUT without its type',
    rule: 'a single request is signed with its content type',
    mutation: puts((_operation, { filesize }) => ({ contentLength: filesize, headers: {} })),
  },
  {
    broken: 'returns the type of a file of one request, and does not sign it',
    rule: 'a single request is signed with its content type',
    mutation: filesOf(async (answered, { filesize }, tools) => {
      const put = answered['put'] as SignedRequest | undefined;
      if (!put) return undefined;
      const signed = await tools.resign(put, ({ headers = {} }) => {
        const others = Object.entries(headers).filter(([name]) => name !== 'content-type');
        return { contentLength: filesize, headers: Object.fromEntries(others) };
      });
      return { ...answered, put: { ...signed, headers: put.headers } };
    }),
  },
  {
    broken: 'signs a header that no browser may set',
    rule: 'init signs a small file, and the store accepts it',
    mutation: filesOf((answered) => {
      const put = answered['put'] as SignedRequest | undefined;
      return put && { ...answered, put: { ...put, headers: { ...put.headers, Host: 'x' } } };
    }),
  },
  {
    broken: 'names no key',
    rule: 'init signs a small file, and the store accepts it',
    mutation: filesOf((answered) => ({ ...answered, key: undefined })),
  },
  posts('signs POST policies for any key', condition('key', [['starts-with', '$key', '']])),
  posts('signs POST policies for all of a shared folder', condition('key', [['starts-with', '$key', 'uploads/']])),
  posts('signs POST policies without a length', condition('content-length-range', [])),
  posts(
    'signs POST policies for any length',
    condition('content-length-range', [['content-length-range', 0, 5 * 1024 ** 3]]),
  ),
  posts('signs POST policies for any type', condition('content-type', [['starts-with', '$content-type', '']])),
  posts('signs POST policies for any ACL', condition('acl', [['starts-with', '$acl', '']])),
];

/** Ignores a refusal of one action, and signs the request. */
const obeying = (action: Action, codes: readonly string[], isMeant: (body: Json) => boolean = () => true): Mutation =>
  answers(({ action: called, code, body, tools }) =>
    called === action && code !== undefined && codes.includes(code) && isMeant(body)
      ? tools.obey(action, body)
      : undefined,
  );

const OTHER_PART = 'another length or part number is refused';
const WINDOW_LENGTHS = 'a window of parts is signed with their exact lengths';
const OTHER_WINDOW = 'a window with another size or part number is refused';

const windowParts = (
  change: (signed: Signed, part: number, exchange: { body: Json }) => Partial<StoreOperation> | null,
): Mutation =>
  answersTo('get_all_signatures', async ({ answer, body, tools }) => {
    const parts = Object.entries(answer['chunks'] as Record<string, Signed>).map(async ([number, signed]) => {
      const changed = change(signed, Number(number), { body });
      return [number, changed ? await tools.resign(signed, () => changed) : signed] as const;
    });
    return { ...answer, chunks: Object.fromEntries(await Promise.all(parts)) };
  });

const FRESH = 'an upload that init names as fresh exists, and has no parts';

/** Signs the parts in init's answer again, without their length. */
async function withoutLengths(all: Json, tools: MutantTools): Promise<Json> {
  const parts = Object.entries(all['chunks'] as Record<string, Signed>).map(
    async ([number, signed]) => [number, await tools.resign(signed, () => ({}))] as const,
  );
  return { ...all, chunks: Object.fromEntries(await Promise.all(parts)) };
}

const PARTS: readonly Mutant[] = [
  {
    broken: 'names an upload as fresh that does not exist',
    rule: FRESH,
    options: { beginMultipart: true },
    mutation: filesOf((answered) => (answered['fresh'] ? { ...answered, upload_id: 'none' } : undefined)),
  },
  {
    broken: 'signs the first window without the lengths of parts',
    rule: FRESH,
    options: { beginMultipart: true },
    mutation: filesOf(async (answered, _asked, tools) =>
      answered['all'] ? { ...answered, all: await withoutLengths(answered['all'] as Json, tools) } : undefined,
    ),
  },
  {
    broken: 'signs the first window of another key',
    rule: FRESH,
    options: { beginMultipart: true },
    mutation: filesOf(async (answered, _asked, tools) =>
      answered['all']
        ? { ...answered, all: { ...(answered['all'] as Json), list: await tools.sign(listParts('other', 'u')) } }
        : undefined,
    ),
  },
  {
    broken: 'names no part size',
    rule: 'init starts a multipart upload, and returns its part size',
    mutation: filesOf((answered) => ({ ...answered, part_size: undefined })),
  },
  {
    broken: 'cuts parts below 5 MiB',
    rule: 'init starts a multipart upload, and returns its part size',
    mutation: filesOf((answered) => (answered['error'] ? undefined : { ...answered, part_size: 1024 ** 2 })),
  },
  {
    broken: 'creates multipart uploads without their type',
    rule: 'a multipart upload is signed with its content type',
    mutation: filesOf(async (answered, _asked, tools) =>
      answered['init']
        ? { ...answered, init: await tools.resign(answered['init'] as Signed, () => ({ headers: {} })) }
        : undefined,
    ),
  },
  {
    broken: 'signs parts without their length',
    rule: 'a part is signed with its exact length',
    mutation: resigned('get_chunk_signature', () => ({})),
  },
  {
    broken: 'signs shorter parts',
    rule: OTHER_PART,
    mutation: obeying('get_chunk_signature', ['size-mismatch'], ({ size }) => (size as number) < 5 * 1024 ** 2),
  },
  {
    broken: 'signs longer parts',
    rule: OTHER_PART,
    mutation: obeying('get_chunk_signature', ['size-mismatch'], ({ size }) => (size as number) >= 5 * 1024 ** 2),
  },
  {
    broken: 'signs parts that the file does not have',
    rule: OTHER_PART,
    mutation: obeying('get_chunk_signature', ['no-such-chunk']),
  },
  {
    broken: 'signs part numbers that S3 does not have',
    rule: OTHER_PART,
    mutation: obeying('get_chunk_signature', ['invalid-request']),
  },
  {
    broken: 'signs CompleteMultipartUpload for another size',
    rule: OTHER_PART,
    mutation: obeying('get_end_signature', ['size-mismatch']),
  },
  {
    broken: 'signs windows without the lengths of parts',
    rule: WINDOW_LENGTHS,
    mutation: windowParts(() => ({})),
  },
  {
    broken: 'signs windows with only the length of the first part',
    rule: WINDOW_LENGTHS,
    mutation: windowParts((_signed, part) => (part === 1 ? null : {})),
  },
  {
    broken: 'signs windows with the last part as long as the others',
    rule: WINDOW_LENGTHS,
    mutation: windowParts((_signed, _part, { body }) => ({ contentLength: body['part_size'] as number })),
  },
  {
    broken: 'leaves parts out of windows',
    rule: WINDOW_LENGTHS,
    mutation: answersTo('get_all_signatures', ({ answer }) => ({
      ...answer,
      chunks: Object.fromEntries(Object.entries(answer['chunks'] as Json).slice(1)),
    })),
  },
  {
    broken: 'signs windows of other part sizes',
    rule: OTHER_WINDOW,
    mutation: obeying('get_all_signatures', ['part-size-mismatch']),
  },
  {
    broken: 'signs windows of files of another size',
    rule: OTHER_WINDOW,
    mutation: obeying('get_all_signatures', ['size-mismatch']),
  },
  {
    broken: 'signs windows with parts that the file does not have',
    rule: OTHER_WINDOW,
    mutation: obeying('get_all_signatures', ['no-such-chunk']),
  },
  {
    broken: 'signs windows with part 0',
    rule: OTHER_WINDOW,
    mutation: obeying('get_all_signatures', ['invalid-request']),
  },
  {
    broken: 'lists from the first part, ignoring the marker',
    rule: 'the list of parts is signed page by page',
    mutation: resigned('get_list_signature', ({ query }) => ({ query: { uploadId: query!['uploadId']! } })),
  },
];

const SIGNED = 'the signed request is the requested operation';

const OPERATIONS: readonly Mutant[] = [
  {
    broken: 'signs GET instead of HEAD, so that the holder of the URL can read the object',
    rule: SIGNED,
    mutation: resigned('get_head_signature', () => ({ method: 'GET' })),
  },
  {
    broken: 'signs DELETE of the object instead of AbortMultipartUpload',
    rule: 'a delete signature cannot delete an object',
    mutation: resigned('get_delete_signature', () => ({ query: {} })),
  },
  {
    broken: 'aborts another upload than the one named',
    rule: SIGNED,
    mutation: resigned('get_delete_signature', () => ({ query: { uploadId: 'another' } })),
  },
  {
    broken: 'signs PutObject instead of UploadPart',
    rule: SIGNED,
    mutation: answersTo('get_chunk_signature', async ({ answer, body, tools }) => ({
      ...answer,
      ...(await tools.resign(answer as SignedRequest, () => ({ query: {}, contentLength: body['size'] as number }))),
    })),
  },
  {
    broken: 'signs part 1 for every part',
    rule: SIGNED,
    mutation: answersTo('get_chunk_signature', async ({ answer, body, tools }) => ({
      ...answer,
      ...(await tools.sign(uploadPart(body['key'] as string, body['upload_id'] as string, 1, body['size'] as number))),
    })),
  },
  {
    broken: 'signs another key than it names',
    rule: SIGNED,
    mutation: puts(({ key }, { filesize }) => ({ key: `${key}.bin`, contentLength: filesize })),
  },
  {
    broken: 'signs GET of the object in its windows',
    rule: SIGNED,
    mutation: answersTo('get_all_signatures', async ({ answer, tools }) => ({
      ...answer,
      head: await tools.resign(answer['head'] as Signed, () => ({ method: 'GET' })),
    })),
  },
];

const TIME = 'every answer that signs contains the signer’s time';
const EXPIRES = 'expires is in milliseconds, and not later than the signature’s expiry';

const withoutTime = (isMeant: (action: Action) => boolean): Mutation =>
  answers(({ action, answer: { time, ...rest } }) => (time !== undefined && isMeant(action) ? rest : undefined));

const CLOCKS: readonly Mutant[] = [
  { broken: 'returns its time in no response', rule: TIME, mutation: withoutTime(() => true) },
  {
    broken: 'returns its time only from init',
    rule: TIME,
    mutation: withoutTime((action) => !action.includes('init')),
  },
  { broken: 'returns no time with windows', rule: TIME, mutation: withoutTime((action) => action.includes('all')) },
  { broken: 'is 20 hours fast', rule: TIME, mutation: setClock(20 * HOUR) },
  { broken: 'is 20 hours slow', rule: TIME, mutation: setClock(-20 * HOUR) },
  { broken: 'is an hour fast', rule: TIME, mutation: setClock(HOUR) },
  {
    broken: 'returns its time in seconds',
    rule: TIME,
    mutation: answers(({ answer }) =>
      'time' in answer ? { ...answer, time: Math.floor((answer['time'] as number) / 1_000) } : undefined,
    ),
  },
  {
    broken: 'returns its time as a string',
    rule: TIME,
    mutation: answers(({ answer }) =>
      'time' in answer ? { ...answer, time: new Date(answer['time'] as number).toISOString() } : undefined,
    ),
  },
  {
    broken: 'returns expires in seconds',
    rule: EXPIRES,
    mutation: answers(({ answer }) =>
      typeof answer['expires'] === 'number' ? { ...answer, expires: answer['expires'] / 1_000 } : undefined,
    ),
  },
  {
    broken: 'returns expires of files of one request in seconds',
    rule: EXPIRES,
    mutation: filesOf((answered) =>
      eachSigned(answered, (signed) => ({ ...signed, expires: (signed['expires'] as number) / 1_000 })),
    ),
  },
  {
    broken: 'returns the lifetime of signatures instead of their expiry',
    rule: EXPIRES,
    mutation: answers(({ answer }) =>
      typeof answer['expires'] === 'number' ? { ...answer, expires: 3_600_000 } : undefined,
    ),
  },
  {
    broken: 'returns an expiry that is a day too late',
    rule: EXPIRES,
    mutation: answers(({ answer }) =>
      typeof answer['expires'] === 'number' ? { ...answer, expires: answer['expires'] + DAY } : undefined,
    ),
  },
  {
    broken: 'signs POST policies for a day',
    rule: EXPIRES,
    options: { policy: { posts: true } },
    mutation: answersTo('get_init_signature', async ({ answer, tools }) => {
      const policies = Object.entries((answer['posts'] ?? {}) as Record<string, PostPolicy>);
      const changed = policies.map(
        async ([name, policy]) => [name, await tools.resignPolicy(policy, (conditions) => conditions, DAY)] as const,
      );
      return { ...answer, posts: Object.fromEntries(await Promise.all(changed)) };
    }),
  },
];

/** The actions that need a grant. */
const GRANTED: readonly Action[] = [
  'get_chunk_signature',
  'get_list_signature',
  'get_end_signature',
  'get_delete_signature',
  'get_head_signature',
  'get_all_signatures',
  'chunk_loaded',
];

const grants = GRANTED.flatMap((action): Mutant[] => [
  {
    broken: `signs ${action} for any key`,
    rule: 'a grant is valid only for its key',
    mutation: obeying(action, ['key-mismatch']),
  },
  {
    broken: `signs ${action} without a grant`,
    rule: 'a grant is valid only for its key',
    mutation: obeying(action, ['grant-required']),
  },
  {
    broken: `signs ${action} by a forged grant`,
    rule: 'a grant is valid only for its key',
    mutation: obeying(action, ['grant-invalid']),
  },
  {
    broken: `signs ${action} by anybody’s grant`,
    rule: 'a grant is valid only for its principal',
    mutation: answers(({ action: called, code, body, tools, ask }) =>
      called === action && code === 'principal-mismatch'
        ? ask(body, tools.granted.get(body['key'] as string)!.user!)
        : undefined,
    ),
  },
]);

/** Ignores a refusal of init, and renews. */
const renewing = (code: string, isMeant: (asked: InitFile) => boolean = () => true): Mutation =>
  filesOf((answered, asked, tools) =>
    (answered['error'] as Json | undefined)?.['code'] === code && asked.upload_id && isMeant(asked)
      ? tools.grantFile(asked, asked.key!)
      : undefined,
  );

const OTHER_RENEWAL = 'renewal requires the same size, key and grant';

const RENEWALS: readonly Mutant[] = [
  {
    broken: 'renews for any user',
    rule: 'a grant is valid only for its principal',
    mutation: renewing('principal-mismatch'),
  },
  { broken: 'renews for another size', rule: OTHER_RENEWAL, mutation: renewing('size-mismatch') },
  { broken: 'renews for another key', rule: OTHER_RENEWAL, mutation: renewing('key-mismatch') },
  { broken: 'renews by a forged grant', rule: OTHER_RENEWAL, mutation: renewing('grant-invalid') },
  { broken: 'renews without a grant', rule: OTHER_RENEWAL, mutation: renewing('grant-required') },
  {
    broken: 'renews under another key',
    rule: 'renewal signs for the same key again',
    mutation: filesOf((answered, asked) =>
      asked.grant && !answered['error'] ? { ...answered, key: `${String(answered['key'])}.bin` } : undefined,
    ),
  },
  {
    broken: 'renews with another part size',
    rule: 'renewal signs for the same key again',
    mutation: filesOf((answered, asked) =>
      asked.grant && !answered['error'] ? { ...answered, part_size: 8 * 1024 ** 2 } : undefined,
    ),
  },
  {
    broken: 'renews nothing',
    rule: 'renewal signs for the same key again',
    mutation: filesOf((_answered, { id, grant }) =>
      grant ? { id, error: { code: 'grant-expired', message: 'broken' } } : undefined,
    ),
  },
];

/** A tracker with a fault. */
function trackerWith(change: (honest: Tracker) => Partial<Tracker>): Partial<SignerOptions> {
  const honest = createMemoryTracker();
  return { tracker: { ...honest, ...change(honest) } };
}

const RECEIPTS = { receipts: true, secret: 'a secret of sixteen' };
const TRUE_RECEIPTS = 'a receipt is returned only for a stored object';
const EACH_NOTICE = 'notifications of several uploads are answered one by one if they are offered';

const COMPLETION: readonly Mutant[] = [
  {
    broken: 'returns every user’s uploads to every user',
    rule: 'init returns no upload of another user',
    options: trackerWith((honest) => {
      const principals = new Set<string>();
      return {
        note: (upload, chunks) => {
          principals.add(upload.principal);
          return honest.note(upload, chunks);
        },
        async find(principal, marks) {
          for (const one of [principal, ...principals]) {
            const found = await honest.find(one, marks);
            if (found) return found;
          }
          return null;
        },
      };
    }),
  },
  {
    broken: 'returns uploads that have ended',
    rule: 'init returns no upload that has ended',
    options: trackerWith(() => ({ forget: async () => undefined })),
  },
  {
    broken: 'signs an invalid CompleteMultipartUpload',
    rule: 'CompleteMultipartUpload is signed, and creates the object',
    mutation: resigned('get_end_signature', () => ({ query: { uploadId: 'another' } })),
  },
  {
    broken: 'fails on notifications of complete uploads',
    rule: 'notifications are accepted if they are offered',
    mutation: answers(({ action, body }) =>
      action === 'chunk_loaded' && body['state'] === 'complete' && body['upload_id']
        ? error(500, 'internal')
        : undefined,
    ),
  },
  {
    broken: 'returns receipts for any data of the page',
    rule: TRUE_RECEIPTS,
    options: RECEIPTS,
    mutation: answers(({ action, code }) =>
      action === 'chunk_loaded' && code === 'not-stored' ? { receipt: 'x' } : undefined,
    ),
  },
  {
    broken: 'returns receipts for any stored key',
    rule: TRUE_RECEIPTS,
    options: RECEIPTS,
    mutation: answers(({ action, code, body, tools, ask }) => {
      const known = tools.granted.get(body['key'] as string);
      return action === 'chunk_loaded' && code === 'key-mismatch' && body['upload_id'] === '' && known
        ? ask({ ...body, grant: known.grant })
        : undefined;
    }),
  },
  {
    broken: 'returns receipts that are not strings',
    rule: TRUE_RECEIPTS,
    options: RECEIPTS,
    mutation: answers(({ answer }) => (answer['receipt'] ? { receipt: { key: 'x' } } : undefined)),
  },
  {
    broken: 'refuses a whole batch of notifications for one upload',
    rule: EACH_NOTICE,
    options: RECEIPTS,
    mutation: answersTo('chunks_loaded', ({ answer }) =>
      (answer['uploads'] as Json[]).some((upload) => upload['error']) ? error(403, 'key-mismatch') : undefined,
    ),
  },
  {
    broken: 'leaves out the uploads of a batch that it refuses',
    rule: EACH_NOTICE,
    options: RECEIPTS,
    mutation: answersTo('chunks_loaded', ({ answer }) => ({
      uploads: (answer['uploads'] as Json[]).filter((upload) => !upload['error']),
    })),
  },
  {
    broken: 'returns receipts in batches for any data of the page',
    rule: EACH_NOTICE,
    options: RECEIPTS,
    mutation: answersTo('chunks_loaded', ({ answer }) => ({
      uploads: (answer['uploads'] as Json[]).map((upload) => (upload['error'] ? { receipt: 'x' } : upload)),
    })),
  },
  {
    broken: 'accepts any notification in a batch',
    rule: EACH_NOTICE,
    options: RECEIPTS,
    mutation: answersTo('chunks_loaded', ({ answer }) => ({
      uploads: (answer['uploads'] as Json[]).map((upload) => (upload['error'] ? {} : upload)),
    })),
  },
  {
    broken: 'accepts grants of other users in batches',
    rule: EACH_NOTICE,
    options: RECEIPTS,
    mutation: answersTo('chunks_loaded', ({ answer }) =>
      (answer['uploads'] as { error?: { code: string } }[])[0]?.error?.code === 'principal-mismatch'
        ? { uploads: [{}] }
        : undefined,
    ),
  },
  {
    broken: 'accepts receipts as grants',
    rule: 'a receipt is not accepted as a grant',
    options: RECEIPTS,
    mutation: answers(({ action, body, tools }) =>
      tools.receipts.has(body['grant'] as string) ? tools.obey(action, body) : undefined,
    ),
  },
  {
    broken: 'aborts nothing',
    rule: 'AbortMultipartUpload is signed if it is offered, and aborts the upload',
    mutation: resigned('get_delete_signature', () => ({ method: 'GET' })),
  },
];

export const MUTANTS: readonly Mutant[] = [
  ...HTTP,
  ...SESSIONS,
  ...INIT,
  ...SINGLE_REQUESTS,
  ...PARTS,
  ...OPERATIONS,
  ...CLOCKS,
  ...grants,
  ...RENEWALS,
  ...COMPLETION,
];
