/**
 * A store that discards every byte and confirms it, as its own process. It implements the S3 requests that uploads need
 * (without checking signatures) and a resumable URL for UpChunk, and runs tus's own server. It also produces the conditions
 * of a scenario: delays, rates and faults.
 */
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Http2SecureServer } from 'node:http2';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Valve } from '../../demo/faults/valve.js';
import { createCertificate } from './certificate.js';
import type { Conditions } from './scenarios.js';
import { createTusServer } from './sink-tus.js';

/** The counts since conditions were last set. */
export interface RequestCounts {
  requests: number;
  preflights: number;
  bytes: number;
  /** Requests that the sink let fail on purpose. */
  failed: number;
  /** When the first request with a file's bytes arrived, in epoch milliseconds; null before it. */
  firstByteAt: number | null;
}

const ZERO_COUNTS: RequestCounts = { requests: 0, preflights: 0, bytes: 0, failed: 0, firstByteAt: null };

/** In a scenario with faults, one of so many requests with a file's bytes fails. */
const FAIL_EVERY = 20;
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': '*, ETag, Location, Upload-Offset, Range',
};
const ETAG = '"0123456789abcdef0123456789abcdef"';
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** The conditions that the benchmark's main process sets before each run. */
interface RunConditions extends Conditions {
  seed: number;
  /** Bytes of all files. */
  expectedBytes: number;
  /** The size that HEAD answers for any object; null: HEAD answers 404. */
  headSize: number | null;
}

class Sink {
  #conditions: RunConditions = { seed: 0, expectedBytes: Infinity, headSize: null };
  #counts: RequestCounts = { ...ZERO_COUNTS };
  #requestsWithBytes = 0;
  /** Whether the outage of this run has begun: there is only one. */
  #hadOutage = false;
  /** Ends the outage. */
  #reopenTimer: NodeJS.Timeout | undefined;
  readonly #valve = new Valve(Infinity);
  readonly #sockets = new Set<Socket>();
  /** Connections that have served a request. If one of these is reset, the browser itself sends the request again. */
  readonly #usedSockets = new WeakSet<Socket>();
  readonly #tus = createTusServer(this.#valve);
  readonly #server: Server | Http2SecureServer;
  #port = 0;

  /** @param certificate serves HTTP/2 over TLS */
  constructor(certificate: { key: string; cert: string } | null) {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#handle(request, response).catch(() => request.socket.destroy());
    };
    this.#server = certificate
      ? // at run time, its requests and responses have the interface of HTTP/1
        createSecureServer({ ...certificate, allowHTTP1: true }, handle as never)
      : createServer({ keepAliveTimeout: 60_000, requestTimeout: 0, noDelay: true }, handle);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
    });
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    return (this.#port = (this.#server.address() as AddressInfo).port);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'http://sink');
    const { delayMs, fault } = this.#conditions;
    const isFirstOfSocket = !this.#usedSockets.has(request.socket);
    this.#usedSockets.add(request.socket);
    this.#counts.requests++;
    const hasBytes = request.method === 'PATCH' || request.method === 'PUT' || isForm(request);
    if (hasBytes) this.#counts.firstByteAt ??= performance.timeOrigin + performance.now();
    // a request without an origin comes from the signer, whose network has no delay
    if (delayMs && request.headers.origin) await sleep(delayMs);
    // only the first request of a connection can be reset, so that each has a connection of its own
    if (fault === 'reset') response.setHeader('Connection', 'close');
    const isTus = url.pathname.startsWith('/tus');
    if (request.method === 'OPTIONS') {
      this.#counts.preflights++;
      if (isTus) return this.#tus(request, response);
      return this.#answer(response, 204, '', {
        'Access-Control-Allow-Methods': 'GET, HEAD, PUT, POST, PATCH, DELETE',
        'Access-Control-Allow-Headers': request.headers['access-control-request-headers'] ?? '*',
        'Access-Control-Max-Age': '3000',
      });
    }
    const shouldFail =
      hasBytes && fault && ++this.#requestsWithBytes % FAIL_EVERY === this.#conditions.seed % FAIL_EVERY;
    if (shouldFail && (fault !== 'reset' || isFirstOfSocket)) return this.#fail(request, response);
    if (isTus) {
      request.on('data', (chunk: Buffer) => this.#count(chunk));
      return this.#tus(request, response);
    }
    const size = await this.#drain(request);
    return url.pathname.startsWith('/upchunk')
      ? this.#answerChunk(request, response)
      : this.#answerS3(request, response, url, size);
  }

  /** Reads a body to its end, within the rate limit. */
  #drain(request: IncomingMessage): Promise<number> {
    return new Promise((resolve, reject) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
        this.#count(chunk);
        if (this.#valve.isOpen) return;
        request.pause();
        this.#valve.pass(chunk.length, () => request.resume());
      });
      request.on('end', () => resolve(size));
      request.on('error', reject);
    });
  }

  #count({ length }: Buffer): void {
    this.#counts.bytes += length;
    const { outageMs, expectedBytes } = this.#conditions;
    if (!outageMs || this.#hadOutage || this.#counts.bytes < expectedBytes / 2) return;
    this.#hadOutage = true;
    this.#server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#reopenTimer = setTimeout(() => void (this.#server.listening || this.open()), outageMs);
  }

  async #fail(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#counts.failed++;
    if (this.#conditions.fault === 'reset') {
      const bytesBeforeReset = Number(request.headers['content-length'] ?? 0) / 2;
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        this.#count(chunk);
        if ((size += chunk.length) > bytesBeforeReset) request.socket.resetAndDestroy();
      });
      return;
    }
    await this.#drain(request);
    this.#answer(
      response,
      503,
      '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
    );
  }

  #answerS3({ method, headers }: IncomingMessage, response: ServerResponse, url: URL, size: number): void {
    const { searchParams, pathname } = url;
    if (method === 'PUT') return this.#answer(response, 200, '', { ETag: ETAG });
    if (method === 'DELETE') return this.#answer(response, 204);
    if (method === 'HEAD') return this.#answerHead(response);
    if (method === 'GET')
      return this.#answer(
        response,
        200,
        `<ListPartsResult ${NAMESPACE}><IsTruncated>false</IsTruncated></ListPartsResult>`,
      );
    const [, bucket, ...key] = decodeURI(pathname).split('/');
    const location = `<Bucket>${bucket}</Bucket><Key>${key.join('/')}</Key>`;
    if (searchParams.has('uploads')) {
      const id = `upload-${this.#counts.requests}-${Date.now()}`;
      const body = `<InitiateMultipartUploadResult ${NAMESPACE}>${location}<UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
      return this.#answer(response, 200, body);
    }
    if (headers['content-type']?.startsWith('multipart/form-data') && size > 0)
      return this.#answer(response, 201, `<PostResponse>${location}<ETag>${ETAG}</ETag></PostResponse>`, {
        ETag: ETAG,
      });
    const body = `<CompleteMultipartUploadResult ${NAMESPACE}><Location>${url.pathname}</Location>${location}<ETag>"${ETAG.slice(1, -1)}-2"</ETag></CompleteMultipartUploadResult>`;
    return this.#answer(response, 200, body);
  }

  #answerHead(response: ServerResponse): void {
    const { headSize } = this.#conditions;
    if (headSize === null) return this.#answer(response, 404);
    response.writeHead(200, { ...CORS, ETag: ETAG, 'Content-Length': headSize }).end();
  }

  /** Answers a chunk of UpChunk: 308 until the last byte has arrived. */
  #answerChunk({ headers }: IncomingMessage, response: ServerResponse): void {
    const [, last = '0', total = '0'] = /-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
    if (Number(last) + 1 >= Number(total)) return this.#answer(response, 200);
    return this.#answer(response, 308, '', { Range: `bytes=0-${last}` });
  }

  #answer(response: ServerResponse, status: number, body = '', headers: Record<string, string> = {}): void {
    response.writeHead(status, {
      ...CORS,
      ...headers,
      ...(body && { 'Content-Type': 'application/xml' }),
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(body);
  }

  /** Opens the port on which the benchmark sets conditions and reads counts; it stays open during an outage. */
  openControlPort(): Promise<number> {
    const server = createServer((request, response) => {
      if (request.method === 'POST') void this.#setConditions(request, response);
      else response.end(JSON.stringify(this.#counts));
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  }

  async #setConditions(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    this.#conditions = JSON.parse(text) as RunConditions;
    this.#valve.setRate(this.#conditions.bytesPerSecond ?? Infinity);
    this.#counts = { ...ZERO_COUNTS };
    this.#requestsWithBytes = 0;
    // the outage of the run before has not ended if the client gave up
    clearTimeout(this.#reopenTimer);
    if (!this.#server.listening) await this.open();
    this.#hadOutage = false;
    response.end('{}');
  }
}

const isForm = ({ method, headers }: IncomingMessage): boolean =>
  method === 'POST' && (headers['content-type']?.startsWith('multipart/form-data') ?? false);

const isSecure = process.argv.includes('--tls');
const sink = new Sink(isSecure ? await createCertificate() : null);
const [port, control] = [await sink.open(), await sink.openControlPort()];
console.log(
  JSON.stringify({ url: `http${isSecure ? 's' : ''}://127.0.0.1:${port}`, control: `http://127.0.0.1:${control}` }),
);
