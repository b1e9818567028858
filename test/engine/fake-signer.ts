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
import { turn } from './fake-clock.js';

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

/** A signer in memory, as a `SignerPort`: it answers by the protocol, and fails on request. */
export class FakeSigner implements SignerPort {
  readonly calls: Call[] = [];
  actions = ALL_ACTIONS;
  /** Lifetime of its signatures in milliseconds. */
  life = 900_000;
  partSize = MIN_PART_SIZE;
  /** Files up to this size get one PUT, or a POST policy. */
  wholeUpTo = MIN_PART_SIZE;
  whole: 'put' | 'post' = 'put';
  tracked = false;
  /** Identity of the user in its answers. */
  principal: string | null | undefined = null;
  /** Whether it grants each key to one upload only. */
  ownKeys = true;
  filesPerCall: number | undefined;
  /** Checksums that the store verifies. */
  checksums: ChecksumAlgorithm[] = [];
  /** Creates multipart uploads in the store: the signer then sends CreateMultipartUpload itself. */
  startUpload: ((key: string) => string) | null = null;
  /** Unfinished uploads of its tracker, by file name. */
  readonly known = new Map<string, { upload_id: string; key: string; part_size: number }>();
  readonly #clock: Clock;
  readonly #once = new Map<Action, SignerBehaviour[]>();
  readonly #always = new Map<Action, SignerBehaviour>();
  #signed = 0;
  /** Agreed algorithms, by key. */
  readonly #agreed = new Map<string, ChecksumAlgorithm>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Handles the next calls of an action with these behaviours, one each. */
  next(action: Action, ...behaviours: SignerBehaviour[]): void {
    this.#once.set(action, [...(this.#once.get(action) ?? []), ...behaviours]);
  }

  /** Handles all calls of an action with this behaviour; null: normally. */
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
    const behaviour = this.#once.get(action)?.shift() ?? this.#always.get(action);
    await turn();
    const answer = behaviour ? await behaviour(proceed) : proceed();
    signal?.throwIfAborted();
    return answer;
  }

  #answer(call: Call): Answer {
    const time = this.#clock.now();
    switch (call.action) {
      case 'get_init_signature':
        return this.#init(call.body);
      case 'get_all_signatures':
        return this.#all(call.body);
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

  #init({ files }: InitRequest): Protocol['get_init_signature']['answer'] {
    const time = this.#clock.now();
    return {
      time,
      actions: this.actions,
      ...(this.principal !== undefined && { principal: this.principal }),
      ...(this.filesPerCall && { limits: { files: this.filesPerCall } }),
      posts: { 'a policy': { url: `${ORIGIN}/bucket/`, fields: { policy: 'p' }, expires: time + this.life } },
      files: files.map((file) => this.#initFile(file)),
    };
  }

  #initFile({
    id,
    filename,
    filesize,
    object_key,
    key: knownKey,
    grant: knownGrant,
    upload_id,
    force,
    part_size,
    checksums = [],
    checksum,
  }: InitFile): InitAnswerFile {
    const key = knownKey ?? object_key ?? `files/${filename}`;
    const grant = knownGrant ? `${knownGrant}+` : `grant-${filename}`;
    const algorithm = this.#agreed.get(key) ?? checksums.find((name) => this.checksums.includes(name));
    if (algorithm) this.#agreed.set(key, algorithm);
    const isWhole = filesize <= (part_size ?? this.wholeUpTo);
    const type = algorithm === 'sha256' && !isWhole ? ('COMPOSITE' as const) : ('FULL_OBJECT' as const);
    const common = {
      ...{ id, key, grant },
      ...(this.tracked && { tracked: true }),
      ...(this.ownKeys && { own_key: true }),
      ...(algorithm && { checksum: { algorithm, type } }),
    };
    const known = this.known.get(filename);
    const partSize = part_size ?? this.partSize;
    if (upload_id) return { ...common, upload_id, part_size: partSize };
    if (known && !force) return { ...common, ...known };
    if (!isWhole && this.startUpload) {
      const started = { ...common, upload_id: this.startUpload(key), part_size: partSize, fresh: true as const };
      const chunks = Array.from({ length: Math.min(Math.ceil(filesize / partSize), 16) }, (_, index) => index + 1);
      return algorithm ? started : { ...started, all: this.#all({ ...started, size: filesize, chunks }) };
    }
    if (!isWhole) return { ...common, init: this.#sign('POST', key, 'uploads='), part_size: partSize };
    const value = checksum && checksum.algorithm === algorithm ? checksum.value : undefined;
    return this.whole === 'put'
      ? { ...common, put: this.#sign('PUT', key, '', value) }
      : { ...common, post: 'a policy' };
  }

  #all({ key, upload_id, chunks, checksums = {} }: AllRequest): Protocol['get_all_signatures']['answer'] {
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
    const expires = this.#clock.now() + this.life;
    const path = encodeURIComponent(key).replaceAll('%2F', '/');
    const url = `${ORIGIN}/bucket/${path}?${query}&expires=${expires}&signature=${++this.#signed}`;
    const headers = checksum && { [`x-amz-checksum-${this.#agreed.get(key)}`]: checksum };
    return { method, url, expires, ...(headers && { headers }) };
  }
}
