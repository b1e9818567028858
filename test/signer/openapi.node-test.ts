/** Compares the OpenAPI description with the signer: valid calls, their answers, and refusals. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { startBucket } from '../../demo/bucket/index.js';
import type { RunningBucket } from '../../demo/bucket/index.js';
import type { Action, ChunkLoadedRequest, ChunksLoadedAnswer } from '../../src/protocol.js';
import { ACTIONS } from '../../src/signer/actions/action-table.js';
import { checkConformance } from '../../src/signer/tools/conformance/conformance.js';
import { createMemoryTracker, createSigner } from '../../src/signer/index.js';
import type { SignerOptions } from '../../src/signer/index.js';
import { createCaller, CREDENTIALS, fileOf } from './caller.js';

type Schema = Record<string, unknown>;
type Content = { content?: { 'application/json': { schema: Schema } } };

interface Description {
  paths: Record<string, { post: { requestBody: Content; responses: Record<string, Content & { $ref?: string }> } }>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Content> };
}

const FILE = path.resolve(import.meta.dirname, '../../src/signer/openapi.json');
const description = JSON.parse(readFileSync(FILE, 'utf8')) as Description;
const ID = 'https://signer.test/openapi.json';

/** Returns a copy of a schema that forbids members it does not describe; the description itself allows them. */
function withoutOtherMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOtherMembers);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutOtherMembers(member)]));
  return 'properties' in copy && copy['type'] === 'object' ? { additionalProperties: false, ...copy } : copy;
}

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: true });
ajv.addFormat('uri', (text: string) => URL.canParse(text));
ajv.addVocabulary(['components', 'paths', 'info', 'openapi', 'servers']);
ajv.addSchema(withoutOtherMembers(description) as Schema, ID);

const compiled = new Map<string, ValidateFunction>();
function validatorAt(content: Content | undefined, where: string): ValidateFunction {
  const ref = content?.content?.['application/json'].schema['$ref'] as string | undefined;
  assert.ok(ref, `${where} is not described`);
  const validate = compiled.get(ref) ?? ajv.compile({ $ref: `${ID}${ref}` });
  compiled.set(ref, validate);
  return validate;
}

const requestValidator = (action: string) => validatorAt(description.paths[`/${action}`]?.post.requestBody, action);

function answerValidator(action: string, status: number): ValidateFunction | null {
  const response = description.paths[`/${action}`]?.post.responses[String(status)];
  assert.ok(response, `${action} answered ${status}, which is not described`);
  if (status === 204) return null;
  const shared = response.$ref?.split('/').at(-1);
  return validatorAt(shared ? description.components.responses[shared] : response, `${action} ${status}`);
}

/** Number of validated calls, by action and status. */
const callCounts: Record<string, number> = {};

/** Removes the files or uploads that the response refuses one by one. @returns null if all are refused */
function withoutRefused(request: unknown, answer: string): unknown {
  const { files, uploads } = Object(request) as { files?: { id: string }[]; uploads?: object[] };
  if (Array.isArray(uploads)) {
    const { uploads: results } = JSON.parse(answer) as ChunksLoadedAnswer;
    const accepted = uploads.filter((_upload, index) => !('error' in results[index]!));
    return accepted.length > 0 ? { uploads: accepted } : null;
  }
  if (!Array.isArray(files)) return request;
  const answers = (JSON.parse(answer) as { files: { id: string; error?: unknown }[] }).files;
  const refused = new Set(answers.filter(({ error }) => error).map(({ id }) => id));
  const granted = files.filter(({ id }) => !refused.has(id));
  return granted.length > 0 ? { ...(request as object), files: granted } : null;
}

/** Validates one call: an accepted request and every response must match the description. */
function checkCall(action: string, request: unknown, status: number, text: string): void {
  if (!(action in ACTIONS)) return;
  const outcome = `${action} ${status}`;
  callCounts[outcome] = (callCounts[outcome] ?? 0) + 1;
  const accepted = status < 300 ? withoutRefused(request, text) : null;
  if (accepted !== null) {
    const validate = requestValidator(action);
    assert.ok(validate(accepted), `${outcome}: ${JSON.stringify(request)}: ${ajv.errorsText(validate.errors)}`);
  }
  const validate = answerValidator(action, status);
  if (validate === null) assert.equal(text, '');
  else assert.ok(validate(JSON.parse(text)), `${outcome}: ${text}: ${ajv.errorsText(validate.errors)}`);
}

/** Creates a signer whose every call is validated. */
function createValidatedSigner(options: SignerOptions): (request: Request) => Promise<Response> {
  const sign = createSigner(options);
  return async (request) => {
    if (request.method === 'OPTIONS') return sign(request); // the description has no preflights
    const body = await request.clone().text();
    const response = await sign(request);
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch {
      json = body;
    }
    checkCall(new URL(request.url).pathname.split('/').at(-1)!, json, response.status, await response.clone().text());
    return response;
  };
}

describe('the OpenAPI description', () => {
  let dir: string;
  let bucket: RunningBucket;
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'mule-openapi-'));
    bucket = await startBucket({ dir, buckets: ['films'], credentials: CREDENTIALS });
  });
  after(async () => {
    await bucket.close();
    await rm(dir, { recursive: true });
  });

  it('names every action, and no other', () => {
    const names = Object.keys(description.paths).map((name) => name.slice(1));
    assert.deepEqual(names.sort(), Object.keys(ACTIONS).sort());
    for (const name of Object.keys(description.components.schemas))
      assert.ok(ajv.compile({ $ref: `${ID}#/components/schemas/${name}` }), name);
  });

  const common = {
    bucket: 'films',
    credentials: CREDENTIALS,
    authorize: (request: Request) => request.headers.get('x-user'),
    secret: 'a secret of sixteen',
  };
  const SIGNERS: Record<string, Partial<SignerOptions>> = {
    'with a tracker': { tracker: createMemoryTracker() },
    'that creates multipart uploads': { tracker: createMemoryTracker(), beginMultipart: true },
    'with receipts, POST policies and headers of objects': {
      receipts: true,
      policy: { posts: true, disposition: 'attachment', encryption: 'AES256' },
    },
    'with checksums, and no overwriting': { checksums: ['crc64nvme', 'sha256'], policy: { overwrite: false } },
  };
  for (const [kind, options] of Object.entries(SIGNERS)) {
    it(`matches all responses of a signer ${kind} during a run of the conformance rules`, async () => {
      const sign = createValidatedSigner({ ...common, endpoint: bucket.url, ...options });
      const results = await checkConformance({
        url: 'https://signer.test/sign',
        headers: { 'x-user': 'ada' },
        otherHeaders: { 'x-user': 'bob' },
        fetch: (input, init) => {
          const request = new Request(input, init);
          return request.url.startsWith('https://signer.test/') ? sign(request) : fetch(request);
        },
      });
      assert.deepEqual(
        results.filter(({ fault }) => fault !== null),
        [],
      );
    });
  }

  /** Returns a valid call of every action, with every field. */
  async function validCalls(): Promise<[Action, Record<string, unknown>][]> {
    const caller = createCaller({ checksums: ['crc32'], tracker: createMemoryTracker() });
    const { key, grant, part_size } = await caller.init({ filesize: 20e6, checksums: ['crc32'] });
    const reference = { key, grant, upload_id: 'u' };
    const file = {
      ...fileOf({
        relative_path: 'a/b',
        fingerprint: 'f',
        part_size: 1,
        checksums: ['crc32'],
        object_key: 'x',
        acl: 'y',
      }),
      params: { any: [1] },
      force: false,
      checksum: { algorithm: 'crc32', value: 'AAAAAA==' },
    };
    const all = { ...reference, size: 20e6, part_size, chunks: [1, 2] };
    const loaded: ChunkLoadedRequest = { ...reference, chunks: [1], state: 'started' };
    return [
      ['get_init_signature', { files: [file, { id: 'b', filename: 'x', filesize: 3 }] }],
      ['get_chunk_signature', { ...reference, chunk: 1, size: part_size, checksum: 'AAAAAA==' }],
      ['get_list_signature', { ...reference, part_number_marker: 3 }],
      ['get_end_signature', { ...reference, size: 20e6, checksum: 'AAAAAA==' }],
      ['get_delete_signature', reference],
      ['get_head_signature', { key, grant }],
      ['get_all_signatures', { ...all, checksums: { 1: 'AAAAAA==' } }],
      ['chunk_loaded', { ...loaded }],
      ['chunks_loaded', { uploads: [loaded, { ...loaded, state: 'aborted' }] }],
    ];
  }

  it('has every field, and requires exactly those without which the signer refuses the call', async () => {
    const caller = createCaller({ checksums: ['crc32'], tracker: createMemoryTracker() });
    const send = async (action: Action, body: object): Promise<number> => {
      const response = await caller.post(action, body);
      checkCall(action, body, response.status, await response.text());
      return response.status;
    };
    for (const [action, body] of await validCalls()) {
      assert.ok((await send(action, body)) < 300, action);
      const required = description.components.schemas[refName(action)]!['required'] as string[];
      for (const name of Object.keys(body)) {
        const without = Object.fromEntries(Object.entries(body).filter(([other]) => other !== name));
        for (const changed of [without, { ...body, [name]: null }]) {
          const isAccepted = (await send(action, changed)) < 300;
          // grants are optional in the protocol; this signer requires them
          if (name !== 'grant') assert.equal(isAccepted, !required.includes(name), `${action} without ${name}`);
        }
        for (const invalidValue of [{}, [{}], -1, 1.5, true, 'ä\u0000'.repeat(9_000)])
          await send(action, { ...body, [name]: invalidValue });
      }
    }
  });

  it('describes the refusals for method, type, body, session, origin, throttle and an internal error', async () => {
    const sign = createValidatedSigner({
      ...common,
      throttle: ({ principal }) => (principal === 'hasty' ? 3 : 0),
      origins: ['https://page.example'],
      authorize: (request) => {
        const user = request.headers.get('x-user');
        if (user === 'faulty') throw new Error('database down');
        return user;
      },
    });
    const call = async (init: RequestInit, action = 'get_init_signature') =>
      (await sign(new Request(`https://signer.test/sign/${action}`, { method: 'POST', ...init }))).status;
    const json = { 'content-type': 'application/json', 'x-user': 'ada' };
    const body = JSON.stringify({ files: [fileOf()] });
    const { error: printError } = console;
    console.error = () => undefined;
    try {
      const statuses = [
        await call({ method: 'PUT', body, headers: json }),
        await call({ body }),
        await call({ body: '{', headers: json }),
        await call({ body: ' '.repeat(2_000_000), headers: json }),
        await call({ body, headers: { 'content-type': 'application/json' } }),
        await call({ body, headers: { ...json, origin: 'https://evil.example' } }),
        await call({ body, headers: { ...json, origin: 'https://evil.example' } }, 'chunks_loaded'),
        await call({ body, headers: { ...json, 'x-user': 'hasty' } }),
        await call({ body, headers: { ...json, 'x-user': 'faulty' } }),
      ];
      assert.deepEqual(statuses, [405, 415, 400, 413, 401, 403, 403, 429, 500]);
    } finally {
      console.error = printError;
    }
  });

  it('was compared with valid and invalid calls of every action', (t) => {
    t.diagnostic(JSON.stringify(callCounts));
    for (const action of Object.keys(ACTIONS)) {
      assert.ok((callCounts[`${action} 200`] ?? 0) + (callCounts[`${action} 204`] ?? 0) > 3, action);
      assert.ok((callCounts[`${action} 400`] ?? 0) > 3, action);
      assert.ok((callCounts[`${action} 403`] ?? 0) > 0, action);
    }
  });
});

function refName(action: string): string {
  const { schema } = description.paths[`/${action}`]!.post.requestBody.content!['application/json'];
  return (schema['$ref'] as string).split('/').at(-1)!;
}
