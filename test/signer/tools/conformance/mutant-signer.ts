/**
 * Creates mutants: the package's own signer with one fault each. A mutation changes requests to the signer, or its
 * responses. S3 requests that a correct signer would refuse are signed with the same code and credentials, so that the
 * store accepts them.
 */
import type { Action, InitFile, PostPolicy, Signed, SignedRequest } from '../../../../src/protocol.js';
import { toRequest } from '../../../../src/signer/tools/conformance/conformance-caller.js';
import { createSigner } from '../../../../src/signer/index.js';
import type { SignerOptions } from '../../../../src/signer/index.js';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  headObject,
  listParts,
  putObject,
  uploadPart,
  withCopyGuard,
} from '../../../../src/signer/s3/operations.js';
import { createPresigner, createSigningKeys } from '../../../../src/signer/s3/presign.js';
import type { StoreOperation } from '../../../../src/signer/s3/presign.js';
import { hex, toBase64, utf8 } from '../../../../src/signer/util/bytes.js';
import { locateStore } from '../../../../src/signer/s3/store-address.js';
import { CREDENTIALS } from '../../caller.js';

export type Signer = (request: Request) => Promise<Response>;

/** The fields of a request or response of any action. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = Record<string, any>;

/** One call, and the response of the unchanged signer. */
export interface Exchange {
  action: Action;
  request: Request;
  /** Body of the request. */
  text: string;
  /** The parsed `text`; empty if it is not a JSON object. */
  body: Json;
  status: number;
  /** Empty if the response is not a JSON object. */
  answer: Json;
  /** The error code of a refusal. */
  code: string | undefined;
  tools: MutantTools;
  /** Calls the unchanged signer for the same action with another body, or as another user. */
  callUnchanged(body: Json, user?: string): Promise<Response>;
}

/** Adds a fault to a signer. */
export type Mutation = (signer: Signer, tools: MutantTools) => Signer;

const REGION = 'us-east-1';
const BUCKET = 'films';

/** Signs any S3 request without checking a grant, and records what the unchanged signer returned. */
export class MutantTools {
  /** The grant that init returned for each key, and the user it was returned to. */
  readonly grants = new Map<string, { grant: string; user: string | null }>();
  /** Receipts that were returned. */
  readonly receipts = new Set<string>();
  readonly #presign;
  readonly #signingKeyFor = createSigningKeys(REGION);

  constructor(endpoint: string) {
    const store = locateStore({ bucket: BUCKET, region: REGION, endpoint });
    this.#presign = createPresigner(store, REGION);
  }

  /** Signs any operation. @param seconds lifetime of the URL */
  async sign(operation: StoreOperation, seconds = 3_600): Promise<SignedRequest> {
    const now = Date.now();
    const signed = await this.#presign(withCopyGuard(operation), { credentials: CREDENTIALS, now, lifetimeS: seconds });
    return { ...signed, expires: (Math.floor(now / 1_000) + seconds) * 1_000 };
  }

  /** Signs a request again, with changes. The new signature covers no length, unless `change` returns one. */
  resign(signed: Signed, change: (operation: StoreOperation) => Partial<StoreOperation>): Promise<SignedRequest> {
    const { method, url, headers = {} } = toRequest(signed);
    const { pathname, searchParams } = new URL(url);
    const query = Object.fromEntries([...searchParams].filter(([name]) => !name.startsWith('X-Amz-')));
    const key = decodeURIComponent(pathname).slice(`/${BUCKET}/`.length);
    const operation = { method, key, query, headers };
    return this.sign({ ...operation, ...change(operation) });
  }

  /** Signs a POST policy again, with other conditions and, optionally, a later expiry. */
  async resignPolicy(
    { url, fields, expires }: PostPolicy,
    change: (conditions: unknown[]) => unknown[],
    extraLifetimeMs = 0,
  ): Promise<PostPolicy> {
    const document = JSON.parse(Buffer.from(fields['policy']!, 'base64').toString()) as Json;
    const end = expires + extraLifetimeMs;
    const changed = {
      expiration: new Date(end).toISOString(),
      conditions: change(document['conditions'] as unknown[]),
    };
    const policy = toBase64(utf8(JSON.stringify(changed)));
    const key = await this.#signingKeyFor(CREDENTIALS, fields['x-amz-date']!.slice(0, 8));
    return { url, expires: end, fields: { ...fields, policy, 'x-amz-signature': hex(await key.sign(policy)) } };
  }

  /** Answers a call without checking its grant, key or sizes. */
  async answerUnchecked(action: Action, body: Json): Promise<Json | Response> {
    const {
      key,
      upload_id: uploadId,
      chunk,
      size,
    } = body as { key: string; upload_id: string; chunk: number; size: number };
    const answer = async (operation: StoreOperation) => ({ ...(await this.sign(operation)), time: Date.now() });
    switch (action) {
      case 'get_chunk_signature':
        return answer(uploadPart(key, uploadId, chunk, size));
      case 'get_list_signature':
        return answer(listParts(key, uploadId, body['part_number_marker'] as number | undefined));
      case 'get_end_signature':
        return answer(completeMultipartUpload(key, uploadId));
      case 'get_delete_signature':
        return answer(abortMultipartUpload(key, uploadId));
      case 'get_head_signature':
        return answer(headObject(key));
      case 'get_all_signatures': {
        const { chunks, part_size: partSize } = body as { chunks: number[]; part_size: number };
        const sizeOf = (number: number) => Math.max(Math.min(partSize, size - (number - 1) * partSize), 0);
        const parts = chunks.map(async (number) => [
          number,
          await this.sign(uploadPart(key, uploadId, number, sizeOf(number))),
        ]);
        return {
          time: Date.now(),
          list: await this.sign(listParts(key, uploadId)),
          end: await this.sign(completeMultipartUpload(key, uploadId)),
          delete: await this.sign(abortMultipartUpload(key, uploadId)),
          head: await this.sign(headObject(key)),
          chunks: Object.fromEntries(await Promise.all(parts)) as Json,
        };
      }
      case 'chunk_loaded':
        return new Response(null, { status: 204 });
      case 'chunks_loaded':
        return { uploads: (body['uploads'] as Json[]).map(() => ({})) };
      case 'get_init_signature':
        throw new Error('use grantFile for the files of init');
    }
  }

  /** Answers init for one file, with any key. */
  async grantFile(file: InitFile, key: string): Promise<Json> {
    const headers = { 'content-type': file.content_type || 'application/octet-stream' };
    const { grant } = this.grants.get(key) ?? { grant: 'none' };
    const common = { id: file.id, key, grant, part_size: 5 * 1024 ** 2 };
    if (file.filesize <= common.part_size)
      return { ...common, put: await this.sign(putObject(key, file.filesize, headers)) };
    if (file.upload_id !== undefined) return { ...common, upload_id: file.upload_id };
    return { ...common, init: await this.sign(createMultipartUpload(key, headers)) };
  }
}

/** Creates the package's own signer with a fault. */
export function createMutant(options: SignerOptions, mutation: Mutation): Signer {
  const correctSigner = createSigner(options);
  const tools = new MutantTools(options.endpoint!);
  return mutation(async (request) => {
    const user = request.headers.get('x-user');
    const response = await correctSigner(request);
    const answer = await jsonOf(response);
    for (const { key, grant } of (answer['files'] ?? []) as { key?: string; grant?: string }[])
      if (key !== undefined && grant !== undefined) tools.grants.set(key, { grant, user });
    if (answer['receipt']) tools.receipts.add(answer['receipt'] as string);
    return response;
  }, tools);
}

async function jsonOf(message: Request | Response): Promise<Json> {
  try {
    const json: unknown = JSON.parse(await message.clone().text());
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
  } catch {
    return {};
  }
}

type ChangedAnswer = Json | Response | undefined | void;

/** Changes responses. An object becomes the body of a new response with status 200; undefined keeps the response. */
export const changeAnswers =
  (change: (exchange: Exchange) => ChangedAnswer | Promise<ChangedAnswer>): Mutation =>
  (signer, tools) =>
  async (request) => {
    const copy = request.clone();
    const text = await request.clone().text();
    const body = await jsonOf(request);
    const response = await signer(request);
    const answer = await jsonOf(response);
    const callUnchanged = (changed: Json, user?: string) => {
      const headers = new Headers(copy.headers);
      if (user !== undefined) headers.set('x-user', user);
      return signer(new Request(copy.url, { method: 'POST', headers, body: JSON.stringify(changed) }));
    };
    const changed = await change({
      action: new URL(request.url).pathname.split('/').at(-1) as Action,
      request: copy,
      text,
      body,
      status: response.status,
      answer,
      code: (answer['error'] as Json | undefined)?.['code'] as string | undefined,
      tools,
      callUnchanged,
    });
    if (changed instanceof Response) return changed;
    return changed ? Response.json(changed) : response;
  };

/** Changes the successful responses of one action. */
export const changeAnswersOf = (
  action: Action,
  change: (exchange: Exchange) => ChangedAnswer | Promise<ChangedAnswer>,
): Mutation =>
  changeAnswers((exchange) => (exchange.action === action && exchange.status === 200 ? change(exchange) : undefined));

/** Changes files in the responses of init; undefined keeps a file. */
export const changeInitFiles = (
  change: (file: Json, requested: InitFile, tools: MutantTools) => ChangedAnswer | Promise<ChangedAnswer>,
): Mutation =>
  changeAnswersOf('get_init_signature', async ({ answer, body, tools }) => ({
    ...answer,
    files: await Promise.all(
      (answer['files'] as Json[]).map(async (file) => {
        const requested = (body['files'] as InitFile[]).find(({ id }) => id === file['id'])!;
        return (await change(file, requested, tools)) ?? file;
      }),
    ),
  }));

/** Changes requests before the signer reads them. */
export const changeRequests =
  (change: (request: Request) => Request | Promise<Request>): Mutation =>
  (signer) =>
  async (request) =>
    signer(await change(request));

/** Signs the requests that one action returns again, with changes. */
export const resignAnswersOf = (
  action: Action,
  change: (operation: StoreOperation, exchange: Exchange) => Partial<StoreOperation>,
): Mutation =>
  changeAnswersOf(action, async (exchange) => ({
    ...exchange.answer,
    ...(await exchange.tools.resign(exchange.answer as SignedRequest, (operation) => change(operation, exchange))),
  }));
