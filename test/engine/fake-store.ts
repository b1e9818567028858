import { StoreFault, TransportFault } from '../../src/engine/api/errors.js';
import { Checksums } from '../../src/engine/hashing/checksums.js';
import type { DigestName } from '../../src/engine/hashing/checksums.js';
import { systemClock } from '../../src/engine/browser/system-clock.js';
import { combineCrcs } from '../../src/engine/hashing/crc.js';
import { fromBase64 } from '../../src/engine/util/bytes.js';
import type { CRCS } from '../../src/engine/hashing/crc.js';
import type { ChecksumAlgorithm } from '../../src/protocol.js';
import type { Clock, StoreRequest, StoreResponse, Transport } from '../../src/engine/ports.js';
import { hex } from '../../src/engine/util/bytes.js';
import { parseMd5Etag, multipartEtag } from '../../src/engine/integrity/part-digests.js';
import { turn } from './fake-clock.js';

export type Operation = 'create' | 'part' | 'put' | 'post' | 'list' | 'complete' | 'head' | 'abort';

/** A request that the store received. */
export interface Seen {
  operation: Operation;
  key: string;
  uploadId: string;
  partNumber: number;
  /** Bytes of the body. */
  size: number;
  request: StoreRequest;
}

/** How the store handles one request; `proceed` handles it normally. */
export type Behaviour = (request: StoreRequest, proceed: () => Promise<StoreResponse>) => Promise<StoreResponse>;

interface StoredBody {
  body: Blob;
  etag: string;
  checksum?: Checksum | null;
}

interface Checksum {
  algorithm: ChecksumAlgorithm;
  value: string;
}

// in a worker, which coverage does not slow down
const checksums = new Checksums(systemClock);
const never = new AbortController().signal;
const checksumOf = (name: DigestName, body: Blob): Promise<string> => checksums.digest(name, body, never);

/** The checksum among the headers, or the fields of a form. */
function declaredIn(headers: Iterable<readonly [string, unknown]>): Checksum | null {
  for (const [name, value] of headers) {
    const algorithm = /^x-amz-checksum-((?:crc|sha)\w+)$/.exec(name)?.[1];
    if (algorithm) return { algorithm: algorithm as ChecksumAlgorithm, value: value as string };
  }
  return null;
}

interface MultipartUpload {
  key: string;
  parts: Map<number, StoredBody>;
}

export const ORIGIN = 'https://store.test';

/** Returns a response. */
export function answerOf(status: number, text = '', headers: Record<string, string> = {}): StoreResponse {
  const known = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { status, text, header: (name) => known.get(name.toLowerCase()) ?? null };
}

/** Answers with an error status, and S3's error document if a code is given. */
export const refuse =
  (status: number, code = '', headers: Record<string, string> = {}, message = ''): Behaviour =>
  async () =>
    answerOf(status, code && `<Error><Code>${code}</Code><Message>${message}</Message></Error>`, headers);

const faultOf = (kind: 'network' | 'stalled', { method, url }: StoreRequest): TransportFault =>
  new TransportFault(kind, kind === 'stalled' ? 'nothing moved' : 'the connection failed', method, url);

/** The connection fails without a response. */
export const silence: Behaviour = async (request) => {
  throw faultOf('network', request);
};

/** Flips one bit of the body, then handles the request normally. */
export const flipBit: Behaviour = async (request, proceed) => {
  const bytes = new Uint8Array(await (request.body as Blob).arrayBuffer());
  bytes[bytes.length >> 1]! ^= 1;
  request.body = new Blob([bytes]);
  return proceed();
};

/** Receives half of the bytes, then stalls. */
export const stall: Behaviour = async (request) => {
  if (request.body instanceof Blob) request.onProgress?.(request.body.size / 2);
  throw faultOf('stalled', request);
};

/** Handles the request; the response is lost. */
export const loseAnswer: Behaviour = async (request, proceed) => {
  await proceed();
  throw faultOf('network', request);
};

/**
 * An S3 in memory, as a `Transport`: it stores parts by number, answers in S3's XML, rejects expired signatures, and fails
 * on request.
 */
export class FakeStore implements Transport {
  readonly objects = new Map<string, StoredBody>();
  readonly uploads = new Map<string, MultipartUpload>();
  readonly seen: Seen[] = [];
  /** Whether it can be reached. */
  isUp = true;
  /** Parts on a page of ListParts. */
  pageSize = 1_000;
  /** Whether its CORS rule exposes ETags. */
  exposesEtags = true;
  /** Whether ETags are MD5s, which take time to compute; else they are opaque, as those of encrypted objects. */
  hasMd5 = false;
  /** Whether ListParts reports the parts' checksums. */
  listsChecksums = true;
  /** Further headers of the response to HEAD, by lower-case name. */
  headers: Record<string, string> = {};
  probes = 0;
  #uploadCount = 0;
  #computing = 0;
  readonly #clock: Clock;
  readonly #once = new Map<Operation | `part ${number}`, Behaviour[]>();
  readonly #always = new Map<Operation, Behaviour>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Handles the next requests of an operation, or of one part, with these behaviours, one each. */
  next(operation: Operation | `part ${number}`, ...behaviours: Behaviour[]): void {
    this.#once.set(operation, [...(this.#once.get(operation) ?? []), ...behaviours]);
  }

  /** Handles all requests of an operation with this behaviour; null: normally. */
  always(operation: Operation, behaviour: Behaviour | null): void {
    if (behaviour) this.#always.set(operation, behaviour);
    else this.#always.delete(operation);
  }

  /** Stops requests of an operation halfway until the returned function is called. */
  hold(operation: Operation): () => void {
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    this.always(operation, async ({ body, onProgress, signal }, proceed) => {
      if (body instanceof Blob) onProgress?.(Math.floor(body.size / 2));
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        void released.then(resolve);
      });
      return proceed();
    });
    return () => {
      this.always(operation, null);
      release();
    };
  }

  /** Whether it is computing a hash, which takes real time. */
  get isComputing(): boolean {
    return this.#computing > 0;
  }

  /** How many requests of an operation it received. */
  count(operation: Operation): number {
    return this.seen.filter((request) => request.operation === operation).length;
  }

  /** Numbers of the parts that were sent, in order. */
  get sentParts(): number[] {
    return this.seen.filter(({ operation }) => operation === 'part').map(({ partNumber }) => partNumber);
  }

  async send(given: StoreRequest): Promise<StoreResponse> {
    given.signal.throwIfAborted();
    const { body: sent } = given;
    // a file is read as it is now
    const bytes = sent instanceof File ? new Uint8Array(await sent.arrayBuffer()) : sent;
    const request = bytes instanceof Uint8Array ? await received(given, bytes) : given;
    const seen = read(request);
    this.seen.push(seen);
    const proceed = async (): Promise<StoreResponse> => {
      await turn();
      request.signal.throwIfAborted();
      if (!this.isUp) throw faultOf('network', request);
      request.onProgress?.(seen.size);
      return this.#act(seen);
    };
    if (!this.isUp) return proceed();
    const behaviour =
      this.#once.get(`part ${seen.partNumber}`)?.shift()
      ?? this.#once.get(seen.operation)?.shift()
      ?? this.#always.get(seen.operation);
    await turn();
    return behaviour ? behaviour(request, proceed) : proceed();
  }

  async probe(): Promise<boolean> {
    this.probes++;
    await turn();
    return this.isUp;
  }

  async #act(seen: Seen): Promise<StoreResponse> {
    const expires = Number(new URL(seen.request.url).searchParams.get('expires') ?? Infinity);
    if (this.#clock.now() >= expires) return error(403, 'AccessDenied', 'Request has expired');
    this.#computing++;
    try {
      return await this.#answer(seen);
    } catch (fault) {
      if (fault instanceof StoreFault) return error(fault.status, fault.code);
      throw fault;
    } finally {
      this.#computing--;
    }
  }

  async #answer({ operation, key, uploadId, partNumber, request }: Seen): Promise<StoreResponse> {
    const body = request.body;
    const declared = body instanceof FormData ? declaredIn(body) : declaredIn(Object.entries(request.headers ?? {}));
    const sent = body instanceof FormData ? (body.get('file') as File) : body;
    if (declared && operation !== 'complete' && (await checksumOf(declared.algorithm, sent as Blob)) !== declared.value)
      throw new StoreFault(400, 'BadDigest', '');
    switch (operation) {
      case 'create': {
        const id = `upload-${++this.#uploadCount}`;
        this.uploads.set(id, { key, parts: new Map() });
        return answerOf(
          200,
          `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
        );
      }
      case 'part': {
        const etag = await this.#etagOf(body as Blob, `part-${partNumber}-${(body as Blob).size}`);
        this.#find(uploadId).parts.set(partNumber, { body: body as Blob, etag, checksum: declared });
        return this.#tagged(etag);
      }
      case 'put':
        return this.#keep(key, body as Blob, await this.#etagOf(body as Blob, 'whole'), 200, declared);
      case 'post': {
        const form = body as FormData;
        return this.#keep(form.get('key') as string, form.get('file') as File, 'posted', 201, declared);
      }
      case 'list':
        return this.#list(this.#find(uploadId), Number(new URL(request.url).searchParams.get('part-number-marker')));
      case 'complete': {
        const { parts } = this.#find(uploadId);
        const named = [...(await (body as Blob).text()).matchAll(/<ETag>&quot;(.*?)&quot;/g)].map(([, etag]) => etag!);
        const inOrder = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
        if (named.length > inOrder.length || named.some((etag, index) => etag !== inOrder[index]?.etag))
          throw new StoreFault(400, 'InvalidPart', '');
        // computed from the stored bytes, not from the checksums that were declared
        const sums = declared && (await Promise.all(inOrder.map((part) => checksumOf(declared.algorithm, part.body))));
        const sized = sums?.map((value, index) => ({ value, size: inOrder[index]!.body.size }));
        if (sized && combineCrcs(declared!.algorithm as keyof typeof CRCS, sized) !== declared!.value)
          throw new StoreFault(400, 'BadDigest', '');
        this.uploads.delete(uploadId);
        const etag = this.hasMd5 ? multipartEtag(named.map((one) => parseMd5Etag(one)!)) : `whole-${parts.size}`;
        this.objects.set(key, { body: new Blob(inOrder.map((part) => part.body)), etag, checksum: declared });
        return answerOf(200, `<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`);
      }
      case 'head': {
        const object = this.objects.get(key);
        if (!object) return answerOf(404);
        return answerOf(200, '', {
          'Content-Length': String(object.body.size),
          ...(this.exposesEtags && { ETag: `"${object.etag}"` }),
          ...(object.checksum && { [`x-amz-checksum-${object.checksum.algorithm}`]: object.checksum.value }),
          ...this.headers,
        });
      }
      case 'abort':
        this.#find(uploadId);
        this.uploads.delete(uploadId);
        return answerOf(204);
    }
  }

  async #etagOf(body: Blob, opaque: string): Promise<string> {
    if (!this.hasMd5) return opaque;
    return hex(fromBase64(await checksumOf('md5', body)));
  }

  #find(uploadId: string): MultipartUpload {
    const upload = this.uploads.get(uploadId);
    if (!upload) throw new StoreFault(404, 'NoSuchUpload', '');
    return upload;
  }

  #keep(key: string, body: Blob, etag: string, status = 200, checksum: Checksum | null = null): StoreResponse {
    this.objects.set(key, { body, etag, checksum });
    return this.#tagged(etag, status);
  }

  #tagged(etag: string, status = 200): StoreResponse {
    return answerOf(status, '', this.exposesEtags ? { ETag: `"${etag}"` } : {});
  }

  #listed(checksum: Checksum | null | undefined): string {
    if (!checksum || !this.listsChecksums) return '';
    const name = `Checksum${checksum.algorithm.toUpperCase()}`;
    return `<${name}>${checksum.value}</${name}>`;
  }

  #list({ parts }: MultipartUpload, marker: number): StoreResponse {
    const rest = [...parts].filter(([partNumber]) => partNumber > marker).sort(([a], [b]) => a - b);
    const page = rest.slice(0, this.pageSize);
    const isTruncated = rest.length > page.length;
    const xml = page.map(
      ([partNumber, { etag, body, checksum }]) =>
        `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${etag}"</ETag><Size>${body.size}</Size>${this.#listed(checksum)}</Part>`,
    );
    return answerOf(
      200,
      `<ListPartsResult><IsTruncated>${isTruncated}</IsTruncated>${isTruncated ? `<NextPartNumberMarker>${page.at(-1)![0]}</NextPartNumberMarker>` : ''}${xml.join('')}</ListPartsResult>`,
    );
  }
}

/** Returns the request with its bytes as a Blob or a form. */
async function received(request: StoreRequest, bytes: Uint8Array<ArrayBuffer>): Promise<StoreRequest> {
  const isForm = request.headers?.['Content-Type']?.startsWith('multipart/form-data');
  const body = isForm ? await new Response(bytes, { headers: request.headers! }).formData() : new Blob([bytes]);
  return { ...request, body };
}

const error = (status: number, code: string, message = ''): StoreResponse =>
  answerOf(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);

function read(request: StoreRequest): Seen {
  const { pathname, searchParams } = new URL(request.url);
  const uploadId = searchParams.get('uploadId') ?? '';
  const partNumber = Number(searchParams.get('partNumber'));
  const operations: Record<string, Operation> = {
    PUT: partNumber ? 'part' : 'put',
    POST: searchParams.has('uploads') ? 'create' : uploadId ? 'complete' : 'post',
    GET: 'list',
    HEAD: 'head',
    DELETE: 'abort',
  };
  const { body } = request;
  return {
    operation: operations[request.method]!,
    key: decodeURIComponent(pathname.slice('/bucket/'.length)),
    uploadId,
    partNumber,
    size: body instanceof Blob ? body.size : 0,
    request,
  };
}
