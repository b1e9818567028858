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
import { nextTurn } from './fake-clock.js';

export type Operation = 'create' | 'part' | 'put' | 'post' | 'list' | 'complete' | 'head' | 'abort';

/** A request that the store received. */
export interface ReceivedRequest {
  operation: Operation;
  key: string;
  uploadId: string;
  partNumber: number;
  /** Bytes of the body. */
  size: number;
  request: StoreRequest;
}

/** Handles one request instead of the store; `proceed` handles it as the store does. */
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
const neverAborted = new AbortController().signal;
const checksumOf = (name: DigestName, body: Blob): Promise<string> => checksums.digest(name, body, neverAborted);

/** Returns the checksum among the headers of a request, or among the fields of a form. */
function checksumAmong(headers: Iterable<readonly [string, unknown]>): Checksum | null {
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

/** Creates a response. Its `header()` ignores case, as a browser does. */
export function responseOf(status: number, text = '', headers: Record<string, string> = {}): StoreResponse {
  const headersByName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { status, text, header: (name) => headersByName.get(name.toLowerCase()) ?? null };
}

/** Responds with an error status, and with S3's error document if a code is given. */
export const refuse =
  (status: number, code = '', headers: Record<string, string> = {}, message = ''): Behaviour =>
  async () =>
    responseOf(status, code && `<Error><Code>${code}</Code><Message>${message}</Message></Error>`, headers);

const faultOf = (kind: 'network' | 'stalled', { method, url }: StoreRequest): TransportFault =>
  new TransportFault(kind, kind === 'stalled' ? 'no bytes were transferred' : 'the connection failed', method, url);

/** Loses the connection before the request is handled; there is no response. */
export const dropConnection: Behaviour = async (request) => {
  throw faultOf('network', request);
};

/** Flips one bit of the body, then handles the request normally. */
export const flipBit: Behaviour = async (request, proceed) => {
  const bytes = new Uint8Array(await (request.body as Blob).arrayBuffer());
  bytes[bytes.length >> 1]! ^= 1;
  request.body = new Blob([bytes]);
  return proceed();
};

/** Receives half of the bytes, then fails as a stalled request does. */
export const stall: Behaviour = async (request) => {
  if (request.body instanceof Blob) request.onProgress?.(request.body.size / 2);
  throw faultOf('stalled', request);
};

/** Handles the request normally, and loses the response. */
export const loseResponse: Behaviour = async (request, proceed) => {
  await proceed();
  throw faultOf('network', request);
};

/**
 * An S3 in memory, as a `Transport`. It stores parts by number, responds in S3's XML, and rejects expired signatures. A
 * test can replace how it handles a request.
 */
export class FakeStore implements Transport {
  readonly objects = new Map<string, StoredBody>();
  readonly uploads = new Map<string, MultipartUpload>();
  readonly requests: ReceivedRequest[] = [];
  /** Whether requests reach it. */
  isUp = true;
  /** Maximum number of parts on a page of ListParts. */
  pageSize = 1_000;
  /** Whether its CORS rule exposes ETags. */
  exposesEtags = true;
  /** Whether ETags are MD5s, which take time to compute. If not, they are opaque, as those of encrypted objects. */
  hasMd5Etags = false;
  /** Whether ListParts reports the parts' checksums. */
  listsChecksums = true;
  /** Further headers of the response to HEAD, by name. */
  headHeaders: Record<string, string> = {};
  probes = 0;
  #uploadCount = 0;
  #computing = 0;
  readonly #clock: Clock;
  readonly #next = new Map<Operation | `part ${number}`, Behaviour[]>();
  readonly #always = new Map<Operation, Behaviour>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets the behaviours for the next requests of an operation or of one part: the first for the next request, and so on. */
  next(operation: Operation | `part ${number}`, ...behaviours: Behaviour[]): void {
    this.#next.set(operation, [...(this.#next.get(operation) ?? []), ...behaviours]);
  }

  /** Sets the behaviour for all requests of an operation; null restores the normal one. */
  always(operation: Operation, behaviour: Behaviour | null): void {
    if (behaviour) this.#always.set(operation, behaviour);
    else this.#always.delete(operation);
  }

  /** Holds requests of an operation halfway. @returns a function that releases them */
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

  /** Returns the number of requests of an operation that it received. */
  count(operation: Operation): number {
    return this.requests.filter((request) => request.operation === operation).length;
  }

  /** Part numbers of the UploadPart requests that it received, in order. */
  get sentParts(): number[] {
    return this.requests.filter(({ operation }) => operation === 'part').map(({ partNumber }) => partNumber);
  }

  async send(original: StoreRequest): Promise<StoreResponse> {
    original.signal.throwIfAborted();
    const { body: sent } = original;
    // reads a File now, because a test may change it later
    const bytes = sent instanceof File ? new Uint8Array(await sent.arrayBuffer()) : sent;
    const request = bytes instanceof Uint8Array ? await withParsedBody(original, bytes) : original;
    const received = parseRequest(request);
    this.requests.push(received);
    const proceed = async (): Promise<StoreResponse> => {
      await nextTurn();
      request.signal.throwIfAborted();
      if (!this.isUp) throw faultOf('network', request);
      request.onProgress?.(received.size);
      return this.#handle(received);
    };
    if (!this.isUp) return proceed();
    const behaviour =
      this.#next.get(`part ${received.partNumber}`)?.shift()
      ?? this.#next.get(received.operation)?.shift()
      ?? this.#always.get(received.operation);
    await nextTurn();
    // a behaviour that listens for an abort would not notice one from before
    request.signal.throwIfAborted();
    return behaviour ? behaviour(request, proceed) : proceed();
  }

  async probe(): Promise<boolean> {
    this.probes++;
    await nextTurn();
    return this.isUp;
  }

  async #handle(received: ReceivedRequest): Promise<StoreResponse> {
    const expires = Number(new URL(received.request.url).searchParams.get('expires') ?? Infinity);
    if (this.#clock.now() >= expires) return errorResponse(403, 'AccessDenied', 'Request has expired');
    this.#computing++;
    try {
      return await this.#respond(received);
    } catch (fault) {
      if (fault instanceof StoreFault) return errorResponse(fault.status, fault.code);
      throw fault;
    } finally {
      this.#computing--;
    }
  }

  async #respond({ operation, key, uploadId, partNumber, request }: ReceivedRequest): Promise<StoreResponse> {
    const body = request.body;
    const declared =
      body instanceof FormData ? checksumAmong(body) : checksumAmong(Object.entries(request.headers ?? {}));
    const sent = body instanceof FormData ? (body.get('file') as File) : body;
    if (declared && operation !== 'complete' && (await checksumOf(declared.algorithm, sent as Blob)) !== declared.value)
      throw new StoreFault(400, 'BadDigest', '');
    switch (operation) {
      case 'create': {
        const id = `upload-${++this.#uploadCount}`;
        this.uploads.set(id, { key, parts: new Map() });
        return responseOf(
          200,
          `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
        );
      }
      case 'part': {
        const etag = await this.#etagOf(body as Blob, `part-${partNumber}-${(body as Blob).size}`);
        this.#findUpload(uploadId).parts.set(partNumber, { body: body as Blob, etag, checksum: declared });
        return this.#etagResponse(etag);
      }
      case 'put':
        return this.#storeObject(key, body as Blob, await this.#etagOf(body as Blob, 'whole'), 200, declared);
      case 'post': {
        const form = body as FormData;
        return this.#storeObject(form.get('key') as string, form.get('file') as File, 'posted', 201, declared);
      }
      case 'list':
        return this.#listParts(
          this.#findUpload(uploadId),
          Number(new URL(request.url).searchParams.get('part-number-marker')),
        );
      case 'complete': {
        const { parts } = this.#findUpload(uploadId);
        const requestedEtags = [...(await (body as Blob).text()).matchAll(/<ETag>&quot;(.*?)&quot;/g)].map(
          ([, etag]) => etag!,
        );
        const partsInOrder = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
        if (
          requestedEtags.length > partsInOrder.length
          || requestedEtags.some((etag, index) => etag !== partsInOrder[index]?.etag)
        )
          throw new StoreFault(400, 'InvalidPart', '');
        // computes the checksums from the stored bytes, and does not trust those that the parts declared
        const partChecksums =
          declared && (await Promise.all(partsInOrder.map((part) => checksumOf(declared.algorithm, part.body))));
        const partsWithSize = partChecksums?.map((value, index) => ({ value, size: partsInOrder[index]!.body.size }));
        if (partsWithSize && combineCrcs(declared!.algorithm as keyof typeof CRCS, partsWithSize) !== declared!.value)
          throw new StoreFault(400, 'BadDigest', '');
        this.uploads.delete(uploadId);
        const etag = this.hasMd5Etags
          ? multipartEtag(requestedEtags.map((partEtag) => parseMd5Etag(partEtag)!))
          : `whole-${parts.size}`;
        this.objects.set(key, { body: new Blob(partsInOrder.map((part) => part.body)), etag, checksum: declared });
        return responseOf(200, `<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`);
      }
      case 'head': {
        const object = this.objects.get(key);
        if (!object) return responseOf(404);
        return responseOf(200, '', {
          'Content-Length': String(object.body.size),
          ...(this.exposesEtags && { ETag: `"${object.etag}"` }),
          ...(object.checksum && { [`x-amz-checksum-${object.checksum.algorithm}`]: object.checksum.value }),
          ...this.headHeaders,
        });
      }
      case 'abort':
        this.#findUpload(uploadId);
        this.uploads.delete(uploadId);
        return responseOf(204);
    }
  }

  async #etagOf(body: Blob, opaque: string): Promise<string> {
    if (!this.hasMd5Etags) return opaque;
    return hex(fromBase64(await checksumOf('md5', body)));
  }

  #findUpload(uploadId: string): MultipartUpload {
    const upload = this.uploads.get(uploadId);
    if (!upload) throw new StoreFault(404, 'NoSuchUpload', '');
    return upload;
  }

  #storeObject(key: string, body: Blob, etag: string, status = 200, checksum: Checksum | null = null): StoreResponse {
    this.objects.set(key, { body, etag, checksum });
    return this.#etagResponse(etag, status);
  }

  #etagResponse(etag: string, status = 200): StoreResponse {
    return responseOf(status, '', this.exposesEtags ? { ETag: `"${etag}"` } : {});
  }

  #checksumElement(checksum: Checksum | null | undefined): string {
    if (!checksum || !this.listsChecksums) return '';
    const name = `Checksum${checksum.algorithm.toUpperCase()}`;
    return `<${name}>${checksum.value}</${name}>`;
  }

  #listParts({ parts }: MultipartUpload, marker: number): StoreResponse {
    const rest = [...parts].filter(([partNumber]) => partNumber > marker).sort(([a], [b]) => a - b);
    const page = rest.slice(0, this.pageSize);
    const isTruncated = rest.length > page.length;
    const xml = page.map(
      ([partNumber, { etag, body, checksum }]) =>
        `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${etag}"</ETag><Size>${body.size}</Size>${this.#checksumElement(checksum)}</Part>`,
    );
    return responseOf(
      200,
      `<ListPartsResult><IsTruncated>${isTruncated}</IsTruncated>${isTruncated ? `<NextPartNumberMarker>${page.at(-1)![0]}</NextPartNumberMarker>` : ''}${xml.join('')}</ListPartsResult>`,
    );
  }
}

/** Returns the request with its body as a Blob, or as a form if it is one. */
async function withParsedBody(request: StoreRequest, bytes: Uint8Array<ArrayBuffer>): Promise<StoreRequest> {
  const isForm = request.headers?.['Content-Type']?.startsWith('multipart/form-data');
  const body = isForm ? await new Response(bytes, { headers: request.headers! }).formData() : new Blob([bytes]);
  return { ...request, body };
}

const errorResponse = (status: number, code: string, message = ''): StoreResponse =>
  responseOf(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);

function parseRequest(request: StoreRequest): ReceivedRequest {
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
