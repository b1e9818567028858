/**
 * A store that discards every byte and confirms it, as its own process: S3 as far as uploads need it, with
 * no signature checks, plus tus's own server and a resumable URL for UpChunk. It also produces the conditions of
 * network and busy store.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Http2SecureServer } from 'node:http2';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Valve } from '../../demo/faults/valve.js';
import type { Conditions } from './scenarios.js';
import { createTusServer } from './sink-tus.js';

/** The counts since the conditions were set. */
export interface Seen {
  requests: number;
  preflights: number;
  bytes: number;
  /** Requests that were made to fail. */
  failed: number;
  /** When the first request with a file's bytes arrived, in epoch milliseconds; null before it. */
  firstByteAt: number | null;
}

const NOTHING_SEEN: Seen = { requests: 0, preflights: 0, bytes: 0, failed: 0, firstByteAt: null };

/** One of this number of requests with a file's bytes fails. */
const FAIL_EVERY = 20;
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': '*, ETag, Location, Upload-Offset, Range',
};
const ETAG = '"0123456789abcdef0123456789abcdef"';
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** What the benchmark's own process sets before each run. */
interface Setting extends Conditions {
  seed: number;
  /** Bytes of all files. */
  expected: number;
  /** Size of any object that is asked for; null: there is none. */
  headSize: number | null;
}

class Sink {
  #conditions: Setting = { seed: 0, expected: Infinity, headSize: null };
  #seen: Seen = { ...NOTHING_SEEN };
  #withBytes = 0;
  #isGone = false;
  /** When it comes back. */
  #return: NodeJS.Timeout | undefined;
  readonly #valve = new Valve(Infinity);
  readonly #sockets = new Set<Socket>();
  /** Connections that have served a request: browsers re-send by themselves a request that is reset on one of these. */
  readonly #used = new WeakSet<Socket>();
  readonly #tus = createTusServer(this.#valve);
  readonly #server: Server | Http2SecureServer;
  #port = 0;

  /** @param certificate serves HTTP/2 over TLS */
  constructor(certificate: { key: string; cert: string } | null) {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#handle(request, response).catch(() => request.socket.destroy());
    };
    this.#server = certificate
      ? // its requests and responses have the interface of HTTP/1
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
    const { delay, fault } = this.#conditions;
    const isFresh = !this.#used.has(request.socket);
    this.#used.add(request.socket);
    this.#seen.requests++;
    const hasBytes = request.method === 'PATCH' || request.method === 'PUT' || isForm(request);
    if (hasBytes) this.#seen.firstByteAt ??= performance.timeOrigin + performance.now();
    // a request without an origin comes from the signer, which is near the store
    if (delay && request.headers.origin) await sleep(delay);
    if (fault === 'reset') response.setHeader('Connection', 'close');
    const isTus = url.pathname.startsWith('/tus');
    if (request.method === 'OPTIONS') {
      this.#seen.preflights++;
      if (isTus) return this.#tus(request, response);
      return this.#answer(response, 204, '', {
        'Access-Control-Allow-Methods': 'GET, HEAD, PUT, POST, PATCH, DELETE',
        'Access-Control-Allow-Headers': request.headers['access-control-request-headers'] ?? '*',
        'Access-Control-Max-Age': '3000',
      });
    }
    const isChosen = hasBytes && fault && ++this.#withBytes % FAIL_EVERY === this.#conditions.seed % FAIL_EVERY;
    if (isChosen && (fault !== 'reset' || isFresh)) return this.#fail(request, response);
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
    this.#seen.bytes += length;
    const { gone, expected } = this.#conditions;
    if (!gone || this.#isGone || this.#seen.bytes < expected / 2) return;
    this.#isGone = true;
    this.#server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#return = setTimeout(() => void (this.#server.listening || this.open()), gone);
  }

  async #fail(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#seen.failed++;
    if (this.#conditions.fault === 'reset') {
      const most = Number(request.headers['content-length'] ?? 0) / 2;
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        this.#count(chunk);
        if ((size += chunk.length) > most) request.socket.resetAndDestroy();
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
    const names = `<Bucket>${bucket}</Bucket><Key>${key.join('/')}</Key>`;
    if (searchParams.has('uploads')) {
      const id = `upload-${this.#seen.requests}-${Date.now()}`;
      const body = `<InitiateMultipartUploadResult ${NAMESPACE}>${names}<UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
      return this.#answer(response, 200, body);
    }
    if (headers['content-type']?.startsWith('multipart/form-data') && size > 0)
      return this.#answer(response, 201, `<PostResponse>${names}<ETag>${ETAG}</ETag></PostResponse>`, { ETag: ETAG });
    const body = `<CompleteMultipartUploadResult ${NAMESPACE}><Location>${url.pathname}</Location>${names}<ETag>"${ETAG.slice(1, -1)}-2"</ETag></CompleteMultipartUploadResult>`;
    return this.#answer(response, 200, body);
  }

  #answerHead(response: ServerResponse): void {
    const { headSize } = this.#conditions;
    if (headSize === null) return this.#answer(response, 404);
    response.writeHead(200, { ...CORS, ETag: ETAG, 'Content-Length': headSize }).end();
  }

  /** 308 until the last byte has arrived. */
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

  /** The benchmark's own control requests, on a port that is always open. */
  control(): Promise<number> {
    const server = createServer((request, response) => {
      if (request.method === 'POST') void this.#setConditions(request, response);
      else response.end(JSON.stringify(this.#seen));
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  }

  async #setConditions(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    this.#conditions = JSON.parse(text) as Setting;
    this.#valve.setRate(this.#conditions.rate ?? Infinity);
    this.#seen = { ...NOTHING_SEEN };
    this.#withBytes = 0;
    // a client that gave up has left already
    clearTimeout(this.#return);
    if (!this.#server.listening) await this.open();
    this.#isGone = false;
    response.end('{}');
  }
}

/** Creates a certificate for 127.0.0.1 that only a browser with `--ignore-certificate-errors` accepts. */
async function createCertificate(): Promise<{ key: string; cert: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-tls-'));
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  try {
    await promisify(execFile)('openssl', [
      'req',
      '-x509',
      '-nodes',
      ...curve,
      ...subject,
      '-keyout',
      key,
      '-out',
      cert,
    ]);
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const isForm = ({ method, headers }: IncomingMessage): boolean =>
  method === 'POST' && (headers['content-type']?.startsWith('multipart/form-data') ?? false);

const isSecure = process.argv.includes('--tls');
const sink = new Sink(isSecure ? await createCertificate() : null);
const [port, control] = [await sink.open(), await sink.control()];
console.log(
  JSON.stringify({ url: `http${isSecure ? 's' : ''}://127.0.0.1:${port}`, control: `http://127.0.0.1:${control}` }),
);
