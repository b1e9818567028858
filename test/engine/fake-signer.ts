import { MIN_PART_SIZE } from '../../src/limits.js';
import { SignerFault } from '../../src/engine/api/errors.js';
import type { Clock, SignerPort } from '../../src/engine/ports.js';
import type {
  Action,
  AllRequest,
  ChecksumAlgorithm,
  ChunkLoadedAnswer,
  ChunkLoadedRequest,
  InitAnswerFile,
  InitFile,
  InitRequest,
  Protocol,
  SignedRequest,
} from '../../src/protocol.js';
import { ORIGIN } from './fake-store.js';
import { nextTurn } from './fake-clock.js';

export const ALL_ACTIONS: Action[] = [
  'get_all_signatures',
  'get_delete_signature',
  'get_head_signature',
  'chunk_loaded',
  'chunks_loaded',
];

type Call = { [A in Action]: { action: A; body: Protocol[A]['request'] } }[Action];
type Answer = Protocol[Action]['answer'];
type SignerBehaviour = (proceed: () => Answer) => Answer | Promise<Answer>;

/** Returns a behaviour that refuses the call. */
export const deny =
  (status: number, code: string | null, retryAfter: string | null = null): SignerBehaviour =>
  () => {
    throw new SignerFault(status, code, 'because the test says so', retryAfter);
  };

/** A signer in memory, as a `SignerPort`. It answers by the protocol; a test can replace how it answers. */
export class FakeSigner implements SignerPort {
  readonly calls: Call[] = [];
  /** The optional actions that it offers. Without them, each request is signed by a call of its own. */
  actions = ALL_ACTIONS;
  /** Time for which its signatures are valid. */
  lifetimeMs = 900_000;
  partSize = MIN_PART_SIZE;
  /** Largest file that it lets the browser send in a single request. */
  maxSingleRequestBytes = MIN_PART_SIZE;
  /** Whether a single request is a PUT, or a form with a POST policy. */
  singleRequest: 'put' | 'post' = 'put';
  /** Whether it has a tracker, and therefore wants notifications. */
  hasTracker = false;
  /** Identity of the user that its answers name; undefined if they name none. */
  principal: string | null | undefined = null;
  /** Whether it grants each key to one upload only. */
  grantsKeysOnce = true;
  /** Limit of files in one `get_init_signature` call, which its answers name. */
  maxFilesPerCall: number | undefined;
  /** Checksum algorithms that it offers, because the store verifies them. */
  checksums: ChecksumAlgorithm[] = [];
  /** Creates a multipart upload in the store and returns its ID. If set, the browser sends no CreateMultipartUpload. */
  startUpload: ((key: string) => string) | null = null;
  /** Unfinished uploads of its tracker, by file name. */
  readonly trackedUploads = new Map<string, { upload_id: string; key: string; part_size: number }>();
  readonly #clock: Clock;
  readonly #next = new Map<Action, SignerBehaviour[]>();
  readonly #always = new Map<Action, SignerBehaviour>();
  #signatureCount = 0;
  /** Checksum algorithms that engine and signer have agreed on, by object key. */
  readonly #agreedAlgorithms = new Map<string, ChecksumAlgorithm>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets the behaviours for the next calls of an action: the first for the next call, and so on. */
  next(action: Action, ...behaviours: SignerBehaviour[]): void {
    this.#next.set(action, [...(this.#next.get(action) ?? []), ...behaviours]);
  }

  /** Sets the behaviour for all calls of an action; null restores the normal one. */
  always(action: Action, behaviour: SignerBehaviour | null): void {
    if (behaviour) this.#always.set(action, behaviour);
    else this.#always.delete(action);
  }

  count(action: Action): number {
    return this.bodies(action).length;
  }

  /** Returns the request bodies of an action. */
  bodies<A extends Action>(action: A): Protocol[A]['request'][] {
    return this.calls.filter((call) => call.action === action).map(({ body }) => body as Protocol[A]['request']);
  }

  async call<A extends Action>(
    action: A,
    body: Protocol[A]['request'],
    signal?: AbortSignal,
  ): Promise<Protocol[A]['answer']> {
    signal?.throwIfAborted();
    // serialized, as over HTTP
    const call = { action, body: JSON.parse(JSON.stringify(body)) as unknown } as Call;
    this.calls.push(call);
    const proceed = (): Answer => this.#answer(call);
    const behaviour = this.#next.get(action)?.shift() ?? this.#always.get(action);
    await nextTurn();
    const answer = behaviour ? await behaviour(proceed) : proceed();
    signal?.throwIfAborted();
    return answer;
  }

  #answer(call: Call): Answer {
    const time = this.#clock.now();
    switch (call.action) {
      case 'get_init_signature':
        return this.#answerInit(call.body);
      case 'get_all_signatures':
        return this.#signAll(call.body);
      case 'get_chunk_signature': {
        const { key, upload_id, chunk, checksum } = call.body;
        return { time, ...this.#sign('PUT', key, `partNumber=${chunk}&uploadId=${upload_id}`, checksum) };
      }
      case 'get_list_signature': {
        const { key, upload_id, part_number_marker: marker } = call.body;
        return { time, ...this.#sign('GET', key, `uploadId=${upload_id}&part-number-marker=${marker ?? 0}`) };
      }
      case 'get_end_signature':
        return { time, ...this.#sign('POST', call.body.key, `uploadId=${call.body.upload_id}`, call.body.checksum) };
      case 'get_delete_signature':
        return { time, ...this.#sign('DELETE', call.body.key, `uploadId=${call.body.upload_id}`) };
      case 'get_head_signature':
        return { time, ...this.#sign('HEAD', call.body.key, '') };
      case 'chunk_loaded':
        return this.#record(call.body);
      case 'chunks_loaded':
        return { uploads: call.body.uploads.map((notification) => this.#record(notification) ?? {}) };
    }
  }

  #record({ key, state }: ChunkLoadedRequest): ChunkLoadedAnswer | null {
    return state === 'complete' ? { receipt: `receipt of ${key}` } : null;
  }

  #answerInit({ files }: InitRequest): Protocol['get_init_signature']['answer'] {
    const time = this.#clock.now();
    return {
      time,
      actions: this.actions,
      ...(this.principal !== undefined && { principal: this.principal }),
      ...(this.maxFilesPerCall && { limits: { files: this.maxFilesPerCall } }),
      posts: { 'a policy': { url: `${ORIGIN}/bucket/`, fields: { policy: 'p' }, expires: time + this.lifetimeMs } },
      files: files.map((file) => this.#answerInitFile(file)),
    };
  }

  #answerInitFile({
    id,
    filename,
    filesize,
    object_key,
    key: givenKey,
    grant: givenGrant,
    upload_id,
    force,
    part_size,
    checksums = [],
    checksum,
  }: InitFile): InitAnswerFile {
    const key = givenKey ?? object_key ?? `files/${filename}`;
    const grant = givenGrant ? `${givenGrant}+` : `grant-${filename}`;
    const algorithm = this.#agreedAlgorithms.get(key) ?? checksums.find((name) => this.checksums.includes(name));
    if (algorithm) this.#agreedAlgorithms.set(key, algorithm);
    const isSingleRequest = filesize <= (part_size ?? this.maxSingleRequestBytes);
    const type = algorithm === 'sha256' && !isSingleRequest ? ('COMPOSITE' as const) : ('FULL_OBJECT' as const);
    const common = {
      id,
      key,
      grant,
      ...(this.hasTracker && { tracked: true }),
      ...(this.grantsKeysOnce && { own_key: true }),
      ...(algorithm && { checksum: { algorithm, type } }),
    };
    const tracked = this.trackedUploads.get(filename);
    const partSize = part_size ?? this.partSize;
    if (upload_id) return { ...common, upload_id, part_size: partSize };
    if (tracked && !force) return { ...common, ...tracked };
    if (!isSingleRequest && this.startUpload) {
      const started = { ...common, upload_id: this.startUpload(key), part_size: partSize, fresh: true as const };
      const chunks = Array.from({ length: Math.min(Math.ceil(filesize / partSize), 16) }, (_, index) => index + 1);
      return algorithm ? started : { ...started, all: this.#signAll({ ...started, size: filesize, chunks }) };
    }
    if (!isSingleRequest) return { ...common, init: this.#sign('POST', key, 'uploads='), part_size: partSize };
    const value = checksum && checksum.algorithm === algorithm ? checksum.value : undefined;
    return this.singleRequest === 'put'
      ? { ...common, put: this.#sign('PUT', key, '', value) }
      : { ...common, post: 'a policy' };
  }

  #signAll({ key, upload_id, chunks, checksums = {} }: AllRequest): Protocol['get_all_signatures']['answer'] {
    return {
      time: this.#clock.now(),
      list: this.#sign('GET', key, `uploadId=${upload_id}&part-number-marker=0`),
      end: this.#sign('POST', key, `uploadId=${upload_id}`),
      delete: this.#sign('DELETE', key, `uploadId=${upload_id}`),
      head: this.#sign('HEAD', key, ''),
      chunks: Object.fromEntries(
        chunks.map((chunk) => [
          chunk,
          this.#sign('PUT', key, `partNumber=${chunk}&uploadId=${upload_id}`, checksums[chunk]),
        ]),
      ),
    };
  }

  #sign(method: string, key: string, query: string, checksum?: string): SignedRequest {
    const expires = this.#clock.now() + this.lifetimeMs;
    const path = encodeURIComponent(key).replaceAll('%2F', '/');
    const url = `${ORIGIN}/bucket/${path}?${query}&expires=${expires}&signature=${++this.#signatureCount}`;
    const headers = checksum && { [`x-amz-checksum-${this.#agreedAlgorithms.get(key)}`]: checksum };
    return { method, url, expires, ...(headers && { headers }) };
  }
}
