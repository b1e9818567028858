import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PROFILES } from './behaviour.js';
import type { Behaviour, Profile } from './behaviour.js';
import { Buckets } from './buckets.js';
import type { Bucket } from './buckets.js';
import { OPEN_CORS, corsHeaders, preflightHeaders } from './cors.js';
import type { CorsRule } from './cors.js';
import { S3Error, errorDocument } from './errors.js';
import { sendEmpty, sendXml } from './exchange.js';
import { ACL, getObject } from './object-handlers.js';
import { postObject } from './post-handler.js';
import { readRequest } from './request.js';
import type { S3Request } from './request.js';
import { findHandler } from './router.js';
import { authorize } from './signature.js';
import type { Credentials } from './signature.js';

export type { Behaviour, Profile } from './behaviour.js';
export type { CorsRule } from './cors.js';
export type { Credentials } from './signature.js';

export interface BucketOptions {
  /** Directory for all data; created if missing. */
  dir: string;
  /** 0 selects any free port. */
  port?: number;
  host?: string;
  /** Buckets that exist from the start. */
  buckets: readonly string[];
  credentials: Credentials;
  region?: string;
  /** CORS rules of these buckets. By default, any origin is allowed; an empty list allows none. */
  cors?: readonly CorsRule[];
  profile?: Profile;
  /** Differences from the profile. */
  behaviour?: Partial<Behaviour>;
  /** Returns epoch milliseconds, for the expiry of signatures; `Date.now` by default. */
  now?: () => number;
}

export interface RunningBucket {
  /** Origin without a trailing slash; URLs are path-style. */
  readonly url: string;
  readonly port: number;
  /** The current behaviour; may be changed while the bucket runs. */
  readonly behaviour: Behaviour;
  /** Stops immediately, and closes all connections. */
  close(): Promise<void>;
}

/** Handles the requests of one S3 server. */
class BucketServer {
  readonly behaviour: Behaviour;
  readonly #buckets: Buckets;
  readonly #credentials: Credentials;
  readonly #region: string;
  readonly #now: () => number;

  constructor(
    buckets: Buckets,
    { credentials, region = 'us-east-1', profile = 'default', behaviour = {}, now = Date.now }: BucketOptions,
  ) {
    this.#buckets = buckets;
    this.#credentials = credentials;
    this.#region = region;
    this.#now = now;
    this.behaviour = { ...PROFILES[profile], ...behaviour };
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomBytes(8).toString('hex').toUpperCase();
    response.setHeader('x-amz-request-id', requestId);
    response.setHeader('server', 'mule-bucket');
    try {
      await this.#respond(readRequest(message), response);
    } catch (error) {
      this.#sendError(error, message, response, requestId);
    }
  }

  async #respond(request: S3Request, response: ServerResponse): Promise<void> {
    const rules = { credentials: this.#credentials, region: this.#region };
    if (request.method === 'OPTIONS') {
      sendEmpty(response, 200, preflightHeaders(this.#buckets.find(request.bucket)?.cors ?? [], request.header));
      return;
    }
    this.#setCorsHeaders(request, response);
    const isPolicyPost =
      request.method === 'POST' && !request.key && request.header('content-type')?.startsWith('multipart/form-data');
    if (isPolicyPost) {
      const bucket = this.#buckets.get(request.bucket);
      await postObject({ request, response, bucket, behaviour: this.behaviour, rules, now: this.#now() });
      return;
    }
    const publicBucket = await this.#findPublicBucket(request);
    if (publicBucket) {
      await getObject({ request, response, bucket: publicBucket, behaviour: this.behaviour, payloadSha256: null });
      return;
    }
    const { payloadSha256 } = authorize(request, rules, this.#now(), this.behaviour);
    const createsBucket = request.method === 'PUT' && !request.key && !request.query.has('cors');
    if (createsBucket) {
      await this.#buckets.create(request.bucket);
      sendEmpty(response, 200, { location: `/${request.bucket}` });
      return;
    }
    const bucket = this.#buckets.get(request.bucket);
    await findHandler(request, this.behaviour)({ request, response, bucket, behaviour: this.behaviour, payloadSha256 });
  }

  /** Returns the bucket if the request is unsigned and reads a public object; otherwise null. */
  async #findPublicBucket(request: S3Request): Promise<Bucket | null> {
    const isReading =
      (request.method === 'GET' || request.method === 'HEAD') && request.key && request.query.size === 0;
    if (!this.behaviour.supportsAcls || !isReading || request.header('authorization')) return null;
    const bucket = this.#buckets.find(request.bucket);
    const object = await bucket?.objects.find(request.key);
    return bucket && object?.headers[ACL]?.startsWith('public-read') ? bucket : null;
  }

  #setCorsHeaders(request: S3Request, response: ServerResponse): void {
    const origin = request.header('origin');
    const bucket = this.#buckets.find(request.bucket);
    if (!origin || !bucket) return;
    for (const [name, value] of Object.entries(corsHeaders(bucket.cors, origin, request.method)))
      response.setHeader(name, value);
  }

  #sendError(error: unknown, message: IncomingMessage, response: ServerResponse, requestId: string): void {
    // The rest of the body is read and discarded: otherwise the client would still be sending when the error arrives.
    message.resume();
    const isConnectionClosed = message.destroyed && !message.complete;
    if (response.headersSent || isConnectionClosed) {
      response.destroy();
      return;
    }
    if (!(error instanceof S3Error)) console.error(error);
    const s3Error =
      error instanceof S3Error
        ? error
        : new S3Error('InternalError', 'We encountered an internal error. Please try again.');
    if (!this.behaviour.hasCorsOnErrors && s3Error.status === 403) {
      for (const name of response.getHeaderNames()) if (name.startsWith('access-control-')) response.removeHeader(name);
    }
    sendXml(response, s3Error.status, errorDocument(s3Error, requestId), { ...s3Error.headers });
  }
}

/**
 * Starts a small S3 for the demo and for tests. Parts and objects are on disk before they are acknowledged.
 * @throws Error if directory or port are not available
 */
export async function startBucket(options: BucketOptions): Promise<RunningBucket> {
  const { dir, port = 0, host = '127.0.0.1', cors = OPEN_CORS } = options;
  const buckets = await Buckets.open(dir);
  for (const name of options.buckets) await (await buckets.create(name)).setCors(cors);
  const bucketServer = new BucketServer(buckets, options);
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (message, response) => {
    void bucketServer.handle(message, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: actualPort } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${actualPort}`,
    port: actualPort,
    behaviour: bucketServer.behaviour,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
