/** Mutants: signers with one fault each, and the conformance rule that must detect it. */
import type { Action, InitFile, PostPolicy, Signed, SignedRequest } from '../../../../src/protocol.js';
import { listParts, uploadPart } from '../../../../src/signer/s3/operations.js';
import { createMemoryTracker } from '../../../../src/signer/index.js';
import type { SignerOptions } from '../../../../src/signer/index.js';
import type { StoreOperation } from '../../../../src/signer/s3/presign.js';
import type { Tracker } from '../../../../src/signer/tracker/tracker.js';
import { changeAnswers, changeAnswersOf, changeInitFiles, changeRequests, resignAnswersOf } from './mutant-signer.js';
import type { Json, MutantTools, Mutation } from './mutant-signer.js';

export interface Mutant {
  /** The fault, as the end of "a signer that …". */
  description: string;
  /** Name of the rule that must detect the fault. */
  rule: string;
  /** Adds the fault; not needed if `options` cause it. */
  mutation?: Mutation;
  options?: Partial<SignerOptions>;
  /** Whether the rules call the signer without a user. */
  isAnonymous?: boolean;
}

const HOUR = 3_600_000;
const DAY = 86_400_000;
const userOf = (request: Request): string | null => request.headers.get('x-user');
const refusal = (status: number, code: string): Response =>
  Response.json({ error: { code, message: 'broken' } }, { status });

/** Changes the signed requests of a file in init's response. */
const changeSignedRequests = (file: Json, change: (signed: Json) => Json): Json =>
  Object.fromEntries(
    Object.entries(file).map(([name, value]) =>
      typeof value === 'object' && value !== null && 'url' in value && !('fields' in value)
        ? [name, change(value as Json)]
        : [name, value],
    ),
  );

const shiftTime = (offsetMs: number): Mutation =>
  changeAnswers(({ answer }) =>
    'time' in answer ? { ...answer, time: (answer['time'] as number) + offsetMs } : undefined,
  );

const HTTP: readonly Mutant[] = [
  {
    description: 'accepts text/plain, which forms of other sites can send',
    rule: 'only JSON is accepted: another content type is answered with 415',
    mutation: changeRequests((request) => {
      const headers = new Headers(request.headers);
      if (headers.get('content-type') === 'text/plain') headers.set('content-type', 'application/json');
      return new Request(request, { headers });
    }),
  },
  {
    description: 'refuses other content types with 400',
    rule: 'only JSON is accepted: another content type is answered with 415',
    mutation: changeAnswers(({ status }) => (status === 415 ? refusal(400, 'invalid-request') : undefined)),
  },
  {
    description: 'answers GET',
    rule: 'only POST is accepted',
    mutation: changeAnswers(({ request }) => (request.method === 'GET' ? { time: Date.now() } : undefined)),
  },
  {
    description: 'answers 500 to a body that is not JSON',
    rule: 'invalid JSON is answered with a 4xx and {"error": {"code", "message"}}',
    mutation: changeAnswers(({ code }) => (code === 'invalid-json' ? refusal(500, 'internal') : undefined)),
  },
  {
    description: 'answers 500 to deeply nested JSON',
    rule: 'invalid JSON is answered with a 4xx and {"error": {"code", "message"}}',
    mutation: changeAnswers(({ text }) =>
      text.includes('[[[[') ? new Response('Recursion', { status: 500 }) : undefined,
    ),
  },
  {
    description: 'refuses in plain text',
    rule: 'invalid JSON is answered with a 4xx and {"error": {"code", "message"}}',
    mutation: changeAnswers(({ status }) => (status >= 400 ? new Response('no', { status }) : undefined)),
  },
  ...(['POST', 'OPTIONS'] as const).map((method): Mutant => ({
    description: `lets pages of any origin call with cookies (in its response to ${method})`,
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
    description: 'lets pages of the opaque origin null call with cookies',
    rule: 'pages of unlisted origins cannot call with the user’s cookies',
    mutation: changeAnswers(({ request, answer }) =>
      request.headers.get('origin') === 'null'
        ? Response.json(answer, {
            headers: { 'access-control-allow-origin': 'null', 'access-control-allow-credentials': 'true' },
          })
        : undefined,
    ),
  },
];

const PRINCIPAL = 'init returns the principal: a string for a signed-in user, null for an anonymous call';

/** Returns a mutant that changes the principal in init's response. */
const withPrincipal = (
  description: string,
  principalOf: (principal: unknown) => unknown,
  isAnonymous = false,
): Mutant => ({
  description,
  rule: PRINCIPAL,
  isAnonymous,
  mutation: changeAnswersOf('get_init_signature', ({ answer }) => ({
    ...answer,
    principal: principalOf(answer['principal']),
  })),
});

const SESSIONS: readonly Mutant[] = [
  withPrincipal('returns no principal', () => undefined),
  withPrincipal('returns null as the principal of a user', () => null),
  withPrincipal('returns the same principal for every user', () => 'user'),
  withPrincipal('returns another principal with every call', () => crypto.randomUUID()),
  withPrincipal('returns the principal as a number', () => 7),
  withPrincipal('returns no principal to an anonymous call', () => undefined, true),
  withPrincipal('returns a principal to an anonymous call', () => 'anonymous', true),
  {
    description: 'requires no session for any call',
    rule: 'init requires a session',
    options: { authorize: (request) => userOf(request) ?? 'ada' },
  },
  {
    description: 'requires no session for init',
    rule: 'init requires a session',
    options: { authorize: (request, action) => userOf(request) ?? (action === 'get_init_signature' ? 'ada' : null) },
  },
  {
    description: 'answers 400 instead of 401 if the session is missing',
    rule: 'init requires a session',
    mutation: changeAnswers(({ status }) => (status === 401 ? refusal(400, 'invalid-request') : undefined)),
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
  ).map((openAction): Mutant => ({
    description: `requires no session for ${openAction}`,
    rule: 'every call requires a session',
    options: { authorize: (request, action) => userOf(request) ?? (action === openAction ? 'ada' : null) },
  })),
];

const INIT: readonly Mutant[] = [
  {
    description: 'refuses all files of a call because of one file',
    rule: 'a refused file does not affect the others',
    mutation: changeAnswersOf('get_init_signature', ({ answer }) =>
      (answer['files'] as Json[]).length > 1 && (answer['files'] as Json[]).some((file) => file['error'])
        ? refusal(403, 'too-big')
        : undefined,
    ),
  },
  {
    description: 'answers 500 to a lone surrogate',
    rule: 'a refused file does not affect the others',
    mutation: changeAnswers(({ text }) => (text.includes('\\ud800') ? refusal(500, 'internal') : undefined)),
  },
  {
    description: 'answers 500 to a blank file name',
    rule: 'a refused file does not affect the others',
    mutation: changeAnswers(({ body }) =>
      ((body['files'] ?? []) as InitFile[]).some(({ filename }) => filename?.trim() === '')
        ? refusal(500, 'internal')
        : undefined,
    ),
  },
  {
    description: 'answers 500 to a size that is a string',
    rule: 'a refused file does not affect the others',
    mutation: changeAnswers(({ text }) => (text.includes('"filesize":"') ? refusal(500, 'internal') : undefined)),
  },
  {
    description: 'grants a file of 60 TB',
    rule: 'a refused file does not affect the others',
    mutation: changeInitFiles((_file, requested, tools) =>
      requested.filesize > 5e13 ? tools.grantFile({ ...requested, filesize: 3 }, 'uploads/huge') : undefined,
    ),
  },
  {
    description: 'omits refused files from its response',
    rule: 'a refused file does not affect the others',
    mutation: changeAnswersOf('get_init_signature', ({ answer }) => ({
      ...answer,
      files: (answer['files'] as Json[]).filter((file) => !file['error']),
    })),
  },
  {
    description: 'returns an error for valid files beside an invalid one',
    rule: 'a refused file does not affect the others',
    mutation: changeAnswersOf('get_init_signature', ({ answer }) => ({
      ...answer,
      files: (answer['files'] as Json[]).some((file) => file['error'])
        ? (answer['files'] as Json[]).map((file) => ({ ...file, error: { code: 'type', message: 'broken' } }))
        : (answer['files'] as Json[]),
    })),
  },
  {
    description: 'accepts more files than its limit',
    rule: 'more files than limits.files are answered with 413',
    mutation: changeAnswersOf('get_init_signature', ({ answer }) => ({ ...answer, limits: { files: 10 } })),
  },
  {
    description: 'refuses too many files with 400',
    rule: 'more files than limits.files are answered with 413',
    mutation: changeAnswers(({ status }) => (status === 413 ? refusal(400, 'too-many') : undefined)),
  },
  {
    description: 'signs init for any key that the page names, without a grant',
    rule: 'init grants no key that the page chooses',
    mutation: changeInitFiles((file, requested, tools) =>
      file['error'] && requested.key && !requested.grant ? tools.grantFile(requested, requested.key) : undefined,
    ),
  },
  {
    description: 'signs init for any key that the page names, with an invalid grant',
    rule: 'init grants no key that the page chooses',
    mutation: changeInitFiles((file, requested, tools) =>
      (file['error'] as Json | undefined)?.['code'] === 'grant-invalid' && requested.key
        ? tools.grantFile(requested, requested.key)
        : undefined,
    ),
  },
  {
    description: 'uses object_key unchanged',
    rule: 'init grants no key that the page chooses',
    mutation: changeInitFiles((_file, requested, tools) =>
      requested.object_key ? tools.grantFile(requested, requested.object_key) : undefined,
    ),
  },
  {
    description: 'uses the file’s name unchanged',
    rule: 'a file’s name cannot change the folder of its key',
    mutation: changeInitFiles((file, requested, tools) =>
      file['put'] && requested.filename.includes('private')
        ? tools.grantFile(requested, `uploads/${requested.filename}`)
        : undefined,
    ),
  },
  {
    description: 'keeps the control characters of a file’s name in its key',
    rule: 'a file’s name cannot change the folder of its key',
    mutation: changeInitFiles((_file, requested, tools) =>
      requested.filename.includes('\0') ? tools.grantFile(requested, `uploads/${requested.filename}`) : undefined,
    ),
  },
  {
    description: 'returns the same key for files of the same name of two users',
    rule: 'two users never get the same key',
    options: { policy: { key: 'uploads/{name}' } },
  },
  {
    description: 'lets pages choose any key of the bucket',
    rule: 'two users never get the same key',
    options: { policy: { objectKeys: '' } },
  },
  {
    description: 'sets own_key for a key that it grants twice',
    rule: 'own_key is set only for a key that no other upload gets',
    options: { policy: { key: 'uploads/{principal}/{name}' } },
    mutation: changeInitFiles((file) => (file['error'] ? undefined : { ...file, own_key: true })),
  },
];

/** Signs the PUT requests of init again, with changes. The new signature covers no length, unless `change` returns one. */
const resignPuts = (change: (operation: StoreOperation, requested: InitFile) => Partial<StoreOperation>): Mutation =>
  changeInitFiles(async (file, requested, tools) =>
    file['put']
      ? { ...file, put: await tools.resign(file['put'] as Signed, (operation) => change(operation, requested)) }
      : undefined,
  );

/** Returns a mutant that signs POST policies with other conditions. */
const resignPolicies = (description: string, change: (conditions: unknown[]) => unknown[]): Mutant => ({
  description,
  rule: 'a POST policy is limited to its prefix and sizes',
  options: { policy: { posts: true } },
  mutation: changeAnswersOf('get_init_signature', async ({ answer, tools }) => {
    const policies = Object.entries((answer['posts'] ?? {}) as Record<string, PostPolicy>);
    const changed = policies.map(async ([name, policy]) => [name, await tools.resignPolicy(policy, change)] as const);
    return { ...answer, posts: Object.fromEntries(await Promise.all(changed)) };
  }),
});

/** Replaces the conditions on one field. */
const replaceCondition = (field: string, replacements: readonly unknown[]) => (conditions: unknown[]) => [
  ...conditions.filter((item) => !(Array.isArray(item) && (item[1] === `$${field}` || item[0] === field))),
  ...replacements,
];

const SINGLE_REQUESTS: readonly Mutant[] = [
  {
    description: 'signs PUT without its length',
    rule: 'a single request is signed with its exact length',
    mutation: resignPuts(() => ({})),
  },
  {
    description: 'signs a length of one byte for empty files',
    rule: 'init signs an empty file, and the store accepts it',
    mutation: resignPuts((_operation, { filesize }) => ({ contentLength: Math.max(filesize, 1) })),
  },
  {
    description: 'answers 500 to empty files',
    rule: 'init signs an empty file, and the store accepts it',
    mutation: changeAnswers(({ body }) =>
      ((body['files'] ?? []) as InitFile[]).some(({ filesize }) => filesize === 0)
        ? refusal(500, 'internal')
        : undefined,
    ),
  },
  {
    description: 'returns and signs PUT without its content type',
    rule: 'a single request is signed with its content type',
    mutation: resignPuts((_operation, { filesize }) => ({ contentLength: filesize, headers: {} })),
  },
  {
    description: 'returns PUT with its content type, but does not sign it',
    rule: 'a single request is signed with its content type',
    mutation: changeInitFiles(async (file, { filesize }, tools) => {
      const put = file['put'] as SignedRequest | undefined;
      if (!put) return undefined;
      const signed = await tools.resign(put, ({ headers = {} }) => {
        const others = Object.entries(headers).filter(([name]) => name !== 'content-type');
        return { contentLength: filesize, headers: Object.fromEntries(others) };
      });
      return { ...file, put: { ...signed, headers: put.headers } };
    }),
  },
  {
    description: 'returns a header that browsers cannot set',
    rule: 'init signs a small file, and the store accepts it',
    mutation: changeInitFiles((file) => {
      const put = file['put'] as SignedRequest | undefined;
      return put && { ...file, put: { ...put, headers: { ...put.headers, Host: 'x' } } };
    }),
  },
  {
    description: 'returns no key',
    rule: 'init signs a small file, and the store accepts it',
    mutation: changeInitFiles((file) => ({ ...file, key: undefined })),
  },
  resignPolicies('signs POST policies for any key', replaceCondition('key', [['starts-with', '$key', '']])),
  resignPolicies(
    'signs POST policies for every key of a shared folder',
    replaceCondition('key', [['starts-with', '$key', 'uploads/']]),
  ),
  resignPolicies('signs POST policies without a length', replaceCondition('content-length-range', [])),
  resignPolicies(
    'signs POST policies for any length',
    replaceCondition('content-length-range', [['content-length-range', 0, 5 * 1024 ** 3]]),
  ),
  resignPolicies(
    'signs POST policies for any type',
    replaceCondition('content-type', [['starts-with', '$content-type', '']]),
  ),
  resignPolicies('signs POST policies for any ACL', replaceCondition('acl', [['starts-with', '$acl', '']])),
];

/** Signs what one action must refuse with one of these codes, if `applies`. */
const ignoreRefusal = (
  action: Action,
  codes: readonly string[],
  applies: (body: Json) => boolean = () => true,
): Mutation =>
  changeAnswers(({ action: called, code, body, tools }) =>
    called === action && code !== undefined && codes.includes(code) && applies(body)
      ? tools.answerUnchecked(action, body)
      : undefined,
  );

const OTHER_PART = 'another length or part number is refused';
const WINDOW_LENGTHS = 'a window of parts is signed with their exact lengths';
const OTHER_WINDOW = 'a window with another size or part number is refused';

/** Signs the parts of a window again, without their length unless `change` returns one; null keeps a part. */
const resignWindowParts = (
  change: (signed: Signed, part: number, exchange: { body: Json }) => Partial<StoreOperation> | null,
): Mutation =>
  changeAnswersOf('get_all_signatures', async ({ answer, body, tools }) => {
    const parts = Object.entries(answer['chunks'] as Record<string, Signed>).map(async ([number, signed]) => {
      const changed = change(signed, Number(number), { body });
      return [number, changed ? await tools.resign(signed, () => changed) : signed] as const;
    });
    return { ...answer, chunks: Object.fromEntries(await Promise.all(parts)) };
  });

const FRESH = 'an upload that init names as fresh exists, and has no parts';

/** Signs the parts of a window in init's response again, without their length. */
async function resignPartsWithoutLengths(window: Json, tools: MutantTools): Promise<Json> {
  const parts = Object.entries(window['chunks'] as Record<string, Signed>).map(
    async ([number, signed]) => [number, await tools.resign(signed, () => ({}))] as const,
  );
  return { ...window, chunks: Object.fromEntries(await Promise.all(parts)) };
}

const PARTS: readonly Mutant[] = [
  {
    description: 'returns an upload as fresh that does not exist',
    rule: FRESH,
    options: { beginMultipart: true },
    mutation: changeInitFiles((file) => (file['fresh'] ? { ...file, upload_id: 'none' } : undefined)),
  },
  {
    description: 'signs the first window without the lengths of parts',
    rule: FRESH,
    options: { beginMultipart: true },
    mutation: changeInitFiles(async (file, _requested, tools) =>
      file['all'] ? { ...file, all: await resignPartsWithoutLengths(file['all'] as Json, tools) } : undefined,
    ),
  },
  {
    description: 'signs the first window of another key',
    rule: FRESH,
    options: { beginMultipart: true },
    mutation: changeInitFiles(async (file, _requested, tools) =>
      file['all']
        ? { ...file, all: { ...(file['all'] as Json), list: await tools.sign(listParts('other', 'u')) } }
        : undefined,
    ),
  },
  {
    description: 'returns no part size',
    rule: 'init starts a multipart upload, and returns its part size',
    mutation: changeInitFiles((file) => ({ ...file, part_size: undefined })),
  },
  {
    description: 'returns a part size below 5 MiB',
    rule: 'init starts a multipart upload, and returns its part size',
    mutation: changeInitFiles((file) => (file['error'] ? undefined : { ...file, part_size: 1024 ** 2 })),
  },
  {
    description: 'signs CreateMultipartUpload without its content type',
    rule: 'a multipart upload is signed with its content type',
    mutation: changeInitFiles(async (file, _requested, tools) =>
      file['init'] ? { ...file, init: await tools.resign(file['init'] as Signed, () => ({ headers: {} })) } : undefined,
    ),
  },
  {
    description: 'signs parts without their length',
    rule: 'a part is signed with its exact length',
    mutation: resignAnswersOf('get_chunk_signature', () => ({})),
  },
  {
    description: 'signs part lengths shorter than the part',
    rule: OTHER_PART,
    mutation: ignoreRefusal('get_chunk_signature', ['size-mismatch'], ({ size }) => (size as number) < 5 * 1024 ** 2),
  },
  {
    description: 'signs part lengths longer than the part',
    rule: OTHER_PART,
    mutation: ignoreRefusal('get_chunk_signature', ['size-mismatch'], ({ size }) => (size as number) >= 5 * 1024 ** 2),
  },
  {
    description: 'signs parts that the file does not have',
    rule: OTHER_PART,
    mutation: ignoreRefusal('get_chunk_signature', ['no-such-chunk']),
  },
  {
    description: 'signs part numbers that S3 does not have',
    rule: OTHER_PART,
    mutation: ignoreRefusal('get_chunk_signature', ['invalid-request']),
  },
  {
    description: 'signs CompleteMultipartUpload for another size',
    rule: OTHER_PART,
    mutation: ignoreRefusal('get_end_signature', ['size-mismatch']),
  },
  {
    description: 'signs windows without the lengths of parts',
    rule: WINDOW_LENGTHS,
    mutation: resignWindowParts(() => ({})),
  },
  {
    description: 'signs windows with only the length of the first part',
    rule: WINDOW_LENGTHS,
    mutation: resignWindowParts((_signed, part) => (part === 1 ? null : {})),
  },
  {
    description: 'signs windows with the last part as long as the others',
    rule: WINDOW_LENGTHS,
    mutation: resignWindowParts((_signed, _part, { body }) => ({ contentLength: body['part_size'] as number })),
  },
  {
    description: 'omits parts from windows',
    rule: WINDOW_LENGTHS,
    mutation: changeAnswersOf('get_all_signatures', ({ answer }) => ({
      ...answer,
      chunks: Object.fromEntries(Object.entries(answer['chunks'] as Json).slice(1)),
    })),
  },
  {
    description: 'signs windows for another part size',
    rule: OTHER_WINDOW,
    mutation: ignoreRefusal('get_all_signatures', ['part-size-mismatch']),
  },
  {
    description: 'signs windows for another file size',
    rule: OTHER_WINDOW,
    mutation: ignoreRefusal('get_all_signatures', ['size-mismatch']),
  },
  {
    description: 'signs windows with parts that the file does not have',
    rule: OTHER_WINDOW,
    mutation: ignoreRefusal('get_all_signatures', ['no-such-chunk']),
  },
  {
    description: 'signs windows with part 0',
    rule: OTHER_WINDOW,
    mutation: ignoreRefusal('get_all_signatures', ['invalid-request']),
  },
  {
    description: 'lists from the first part, ignoring the marker',
    rule: 'the list of parts is signed page by page',
    mutation: resignAnswersOf('get_list_signature', ({ query }) => ({ query: { uploadId: query!['uploadId']! } })),
  },
];

const SIGNS_OPERATION = 'the signed request is the requested operation';

const OPERATIONS: readonly Mutant[] = [
  {
    description: 'signs GET instead of HEAD, so that the URL allows reading the object',
    rule: SIGNS_OPERATION,
    mutation: resignAnswersOf('get_head_signature', () => ({ method: 'GET' })),
  },
  {
    description: 'signs DELETE of the object instead of AbortMultipartUpload',
    rule: 'a delete signature cannot delete an object',
    mutation: resignAnswersOf('get_delete_signature', () => ({ query: {} })),
  },
  {
    description: 'signs AbortMultipartUpload for another upload',
    rule: SIGNS_OPERATION,
    mutation: resignAnswersOf('get_delete_signature', () => ({ query: { uploadId: 'another' } })),
  },
  {
    description: 'signs PutObject instead of UploadPart',
    rule: SIGNS_OPERATION,
    mutation: changeAnswersOf('get_chunk_signature', async ({ answer, body, tools }) => ({
      ...answer,
      ...(await tools.resign(answer as SignedRequest, () => ({ query: {}, contentLength: body['size'] as number }))),
    })),
  },
  {
    description: 'signs part 1 for every part',
    rule: SIGNS_OPERATION,
    mutation: changeAnswersOf('get_chunk_signature', async ({ answer, body, tools }) => ({
      ...answer,
      ...(await tools.sign(uploadPart(body['key'] as string, body['upload_id'] as string, 1, body['size'] as number))),
    })),
  },
  {
    description: 'signs PUT for another key than it returns',
    rule: SIGNS_OPERATION,
    mutation: resignPuts(({ key }, { filesize }) => ({ key: `${key}.bin`, contentLength: filesize })),
  },
  {
    description: 'signs GET instead of HEAD in its windows',
    rule: SIGNS_OPERATION,
    mutation: changeAnswersOf('get_all_signatures', async ({ answer, tools }) => ({
      ...answer,
      head: await tools.resign(answer['head'] as Signed, () => ({ method: 'GET' })),
    })),
  },
];

const TIME = 'every answer that signs contains the signer’s time';
const EXPIRES = 'expires is in milliseconds, and not later than the signature’s expiry';

const withoutTime = (applies: (action: Action) => boolean): Mutation =>
  changeAnswers(({ action, answer: { time, ...rest } }) => (time !== undefined && applies(action) ? rest : undefined));

const CLOCKS: readonly Mutant[] = [
  { description: 'returns its time in no response', rule: TIME, mutation: withoutTime(() => true) },
  {
    description: 'returns its time only from init',
    rule: TIME,
    mutation: withoutTime((action) => !action.includes('init')),
  },
  {
    description: 'returns no time with windows',
    rule: TIME,
    mutation: withoutTime((action) => action.includes('all')),
  },
  { description: 'has a clock that is 20 hours fast', rule: TIME, mutation: shiftTime(20 * HOUR) },
  { description: 'has a clock that is 20 hours slow', rule: TIME, mutation: shiftTime(-20 * HOUR) },
  { description: 'has a clock that is an hour fast', rule: TIME, mutation: shiftTime(HOUR) },
  {
    description: 'returns its time in seconds',
    rule: TIME,
    mutation: changeAnswers(({ answer }) =>
      'time' in answer ? { ...answer, time: Math.floor((answer['time'] as number) / 1_000) } : undefined,
    ),
  },
  {
    description: 'returns its time as a string',
    rule: TIME,
    mutation: changeAnswers(({ answer }) =>
      'time' in answer ? { ...answer, time: new Date(answer['time'] as number).toISOString() } : undefined,
    ),
  },
  {
    description: 'returns expires in seconds',
    rule: EXPIRES,
    mutation: changeAnswers(({ answer }) =>
      typeof answer['expires'] === 'number' ? { ...answer, expires: answer['expires'] / 1_000 } : undefined,
    ),
  },
  {
    description: 'returns expires of PUT in seconds',
    rule: EXPIRES,
    mutation: changeInitFiles((file) =>
      changeSignedRequests(file, (signed) => ({ ...signed, expires: (signed['expires'] as number) / 1_000 })),
    ),
  },
  {
    description: 'returns the lifetime of signatures instead of their expiry',
    rule: EXPIRES,
    mutation: changeAnswers(({ answer }) =>
      typeof answer['expires'] === 'number' ? { ...answer, expires: 3_600_000 } : undefined,
    ),
  },
  {
    description: 'returns an expiry that is a day too late',
    rule: EXPIRES,
    mutation: changeAnswers(({ answer }) =>
      typeof answer['expires'] === 'number' ? { ...answer, expires: answer['expires'] + DAY } : undefined,
    ),
  },
  {
    description: 'returns POST policies that expire a day too late',
    rule: EXPIRES,
    options: { policy: { posts: true } },
    mutation: changeAnswersOf('get_init_signature', async ({ answer, tools }) => {
      const policies = Object.entries((answer['posts'] ?? {}) as Record<string, PostPolicy>);
      const changed = policies.map(
        async ([name, policy]) => [name, await tools.resignPolicy(policy, (conditions) => conditions, DAY)] as const,
      );
      return { ...answer, posts: Object.fromEntries(await Promise.all(changed)) };
    }),
  },
];

/** The actions that need a grant. */
const GRANT_ACTIONS: readonly Action[] = [
  'get_chunk_signature',
  'get_list_signature',
  'get_end_signature',
  'get_delete_signature',
  'get_head_signature',
  'get_all_signatures',
  'chunk_loaded',
];

const GRANTS: readonly Mutant[] = GRANT_ACTIONS.flatMap((action): Mutant[] => [
  {
    description: `signs ${action} for any key`,
    rule: 'a grant is valid only for its key',
    mutation: ignoreRefusal(action, ['key-mismatch']),
  },
  {
    description: `signs ${action} without a grant`,
    rule: 'a grant is valid only for its key',
    mutation: ignoreRefusal(action, ['grant-required']),
  },
  {
    description: `signs ${action} with a forged grant`,
    rule: 'a grant is valid only for its key',
    mutation: ignoreRefusal(action, ['grant-invalid']),
  },
  {
    description: `signs ${action} with the grant of another user`,
    rule: 'a grant is valid only for its principal',
    mutation: changeAnswers(({ action: called, code, body, tools, callUnchanged }) =>
      called === action && code === 'principal-mismatch'
        ? callUnchanged(body, tools.grants.get(body['key'] as string)!.user!)
        : undefined,
    ),
  },
]);

/** Renews grants that init must refuse to renew with this code, if `applies`. */
const ignoreRenewalRefusal = (code: string, applies: (requested: InitFile) => boolean = () => true): Mutation =>
  changeInitFiles((file, requested, tools) =>
    (file['error'] as Json | undefined)?.['code'] === code && requested.upload_id && applies(requested)
      ? tools.grantFile(requested, requested.key!)
      : undefined,
  );

const OTHER_RENEWAL = 'renewal requires the same size, key and grant';

const RENEWALS: readonly Mutant[] = [
  {
    description: 'renews grants of another user',
    rule: 'a grant is valid only for its principal',
    mutation: ignoreRenewalRefusal('principal-mismatch'),
  },
  { description: 'renews for another size', rule: OTHER_RENEWAL, mutation: ignoreRenewalRefusal('size-mismatch') },
  { description: 'renews for another key', rule: OTHER_RENEWAL, mutation: ignoreRenewalRefusal('key-mismatch') },
  { description: 'renews with a forged grant', rule: OTHER_RENEWAL, mutation: ignoreRenewalRefusal('grant-invalid') },
  { description: 'renews without a grant', rule: OTHER_RENEWAL, mutation: ignoreRenewalRefusal('grant-required') },
  {
    description: 'renews under another key',
    rule: 'renewal signs for the same key again',
    mutation: changeInitFiles((file, requested) =>
      requested.grant && !file['error'] ? { ...file, key: `${String(file['key'])}.bin` } : undefined,
    ),
  },
  {
    description: 'renews with another part size',
    rule: 'renewal signs for the same key again',
    mutation: changeInitFiles((file, requested) =>
      requested.grant && !file['error'] ? { ...file, part_size: 8 * 1024 ** 2 } : undefined,
    ),
  },
  {
    description: 'refuses to renew any grant',
    rule: 'renewal signs for the same key again',
    mutation: changeInitFiles((_file, { id, grant }) =>
      grant ? { id, error: { code: 'grant-expired', message: 'broken' } } : undefined,
    ),
  },
];

/** Returns options with a tracker that has a fault. */
function trackerWith(change: (correctTracker: Tracker) => Partial<Tracker>): Partial<SignerOptions> {
  const correctTracker = createMemoryTracker();
  return { tracker: { ...correctTracker, ...change(correctTracker) } };
}

const RECEIPTS = { receipts: true, secret: 'a secret of sixteen' };
const RECEIPT_ONLY_IF_STORED = 'a receipt is returned only for a stored object';
const EACH_NOTIFICATION = 'notifications of several uploads are answered one by one if they are offered';

const COMPLETION: readonly Mutant[] = [
  {
    description: 'returns every user’s uploads to every user',
    rule: 'init returns no upload of another user',
    options: trackerWith((correctTracker) => {
      const principals = new Set<string>();
      return {
        note: (upload, chunks) => {
          principals.add(upload.principal);
          return correctTracker.note(upload, chunks);
        },
        async find(principal, marks) {
          for (const one of [principal, ...principals]) {
            const found = await correctTracker.find(one, marks);
            if (found) return found;
          }
          return null;
        },
      };
    }),
  },
  {
    description: 'returns uploads that have ended',
    rule: 'init returns no upload that has ended',
    options: trackerWith(() => ({ forget: async () => undefined })),
  },
  {
    description: 'signs CompleteMultipartUpload for another upload',
    rule: 'CompleteMultipartUpload is signed, and creates the object',
    mutation: resignAnswersOf('get_end_signature', () => ({ query: { uploadId: 'another' } })),
  },
  {
    description: 'answers 500 to notifications of complete uploads',
    rule: 'notifications are accepted if they are offered',
    mutation: changeAnswers(({ action, body }) =>
      action === 'chunk_loaded' && body['state'] === 'complete' && body['upload_id']
        ? refusal(500, 'internal')
        : undefined,
    ),
  },
  {
    description: 'returns receipts without checking the store',
    rule: RECEIPT_ONLY_IF_STORED,
    options: RECEIPTS,
    mutation: changeAnswers(({ action, code }) =>
      action === 'chunk_loaded' && code === 'not-stored' ? { receipt: 'x' } : undefined,
    ),
  },
  {
    description: 'returns receipts for any stored key, with any grant',
    rule: RECEIPT_ONLY_IF_STORED,
    options: RECEIPTS,
    mutation: changeAnswers(({ action, code, body, tools, callUnchanged }) => {
      const granted = tools.grants.get(body['key'] as string);
      return action === 'chunk_loaded' && code === 'key-mismatch' && body['upload_id'] === '' && granted
        ? callUnchanged({ ...body, grant: granted.grant })
        : undefined;
    }),
  },
  {
    description: 'returns receipts that are not strings',
    rule: RECEIPT_ONLY_IF_STORED,
    options: RECEIPTS,
    mutation: changeAnswers(({ answer }) => (answer['receipt'] ? { receipt: { key: 'x' } } : undefined)),
  },
  {
    description: 'refuses all notifications of a call because of one upload',
    rule: EACH_NOTIFICATION,
    options: RECEIPTS,
    mutation: changeAnswersOf('chunks_loaded', ({ answer }) =>
      (answer['uploads'] as Json[]).some((upload) => upload['error']) ? refusal(403, 'key-mismatch') : undefined,
    ),
  },
  {
    description: 'omits refused uploads from its response to chunks_loaded',
    rule: EACH_NOTIFICATION,
    options: RECEIPTS,
    mutation: changeAnswersOf('chunks_loaded', ({ answer }) => ({
      uploads: (answer['uploads'] as Json[]).filter((upload) => !upload['error']),
    })),
  },
  {
    description: 'returns receipts from chunks_loaded without checking the store',
    rule: EACH_NOTIFICATION,
    options: RECEIPTS,
    mutation: changeAnswersOf('chunks_loaded', ({ answer }) => ({
      uploads: (answer['uploads'] as Json[]).map((upload) => (upload['error'] ? { receipt: 'x' } : upload)),
    })),
  },
  {
    description: 'accepts any notification in chunks_loaded',
    rule: EACH_NOTIFICATION,
    options: RECEIPTS,
    mutation: changeAnswersOf('chunks_loaded', ({ answer }) => ({
      uploads: (answer['uploads'] as Json[]).map((upload) => (upload['error'] ? {} : upload)),
    })),
  },
  {
    description: 'accepts grants of other users in chunks_loaded',
    rule: EACH_NOTIFICATION,
    options: RECEIPTS,
    mutation: changeAnswersOf('chunks_loaded', ({ answer }) =>
      (answer['uploads'] as { error?: { code: string } }[])[0]?.error?.code === 'principal-mismatch'
        ? { uploads: [{}] }
        : undefined,
    ),
  },
  {
    description: 'accepts receipts as grants',
    rule: 'a receipt is not accepted as a grant',
    options: RECEIPTS,
    mutation: changeAnswers(({ action, body, tools }) =>
      tools.receipts.has(body['grant'] as string) ? tools.answerUnchecked(action, body) : undefined,
    ),
  },
  {
    description: 'signs another request instead of AbortMultipartUpload',
    rule: 'AbortMultipartUpload is signed if it is offered, and aborts the upload',
    mutation: resignAnswersOf('get_delete_signature', () => ({ method: 'GET' })),
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
  ...GRANTS,
  ...RENEWALS,
  ...COMPLETION,
];
