import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAction } from './actions/action-table.js';
import { refusalResponse } from './http/responses.js';
import { actionNameFrom, unknownActionRefusal, methodRefusal } from './http/routing.js';
import { MAX_BODY_BYTES } from './http/json-body.js';
import { SignerRefusal } from './util/refusal.js';
import { parseUrl } from './util/url.js';

export type { SqlTracker, SqlTrackerOptions } from './tracker/sql-tracker.js';
export { createSqlTracker } from './tracker/sql-tracker.js';

/** The members that Express and connect add to a request: the URL before mounting, and the parsed body. */
type MountedRequest = IncomingMessage & { originalUrl?: string; body?: unknown };

export type NodeHandler = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void;

/** How long the rest of a body is read and discarded after its request has been answered. */
const DISCARD_TIMEOUT_MS = 5_000;

/**
 * Adapts a signer to a request listener of `node:http`, or to middleware of Express and connect. It can be mounted under
 * any path: the last segment of the URL names the action. Middleware passes a URL without an action to `next`. The body
 * is read after `authorize` and `throttle`, within the signer's limits; a JSON body parser may run before. A malformed
 * request is answered with 400; the listener never throws.
 */
export function toNodeHandler(handler: (request: Request) => Promise<Response>): NodeHandler {
  return (req: MountedRequest, res, next) => {
    respond(handler, req, res, next).catch((error: unknown) => {
      if (next) next(error);
      else res.destroy();
    });
  };
}

async function respond(
  handler: (request: Request) => Promise<Response>,
  req: MountedRequest,
  res: ServerResponse,
  next: Parameters<NodeHandler>[2],
): Promise<void> {
  const path = pathOf(req);
  const action = actionNameFrom(parseUrl(path, 'http://localhost')?.pathname ?? '');
  if (next && !isAction(action)) return next();
  const request = requestOf(req, path);
  const response = req.method === 'TRACE' ? refuseTrace(action) : request ? await handler(request) : refuseMalformed();
  res.statusCode = response.status;
  response.headers.forEach((value, name) => res.setHeader(name, value));
  const body = Buffer.from(await response.arrayBuffer());
  if (!req.complete) discardRest(req, res);
  res.end(body);
}

/**
 * Refuses TRACE, for which no `Request` can be created.
 * @see https://fetch.spec.whatwg.org/#forbidden-method
 */
function refuseTrace(action: string): Response {
  return refusalResponse(isAction(action) ? methodRefusal(action, 'TRACE') : unknownActionRefusal(action), {});
}

const refuseMalformed = (): Response =>
  refusalResponse(
    new SignerRefusal(400, 'invalid-request', 'The request has an invalid Host, path, method or header.'),
    {},
  );

/**
 * Reads and discards the rest of a body after its request has been answered. If the connection were closed at once, a
 * client that is still sending would receive a reset instead of the answer. The connection is closed if the rest is too
 * long or too slow.
 */
function discardRest(req: MountedRequest, res: ServerResponse): void {
  res.once('finish', () => {
    if (req.complete) return;
    let bytesLeft = MAX_BODY_BYTES;
    const timer = setTimeout(() => req.destroy(), DISCARD_TIMEOUT_MS).unref();
    req.on('data', (chunk: Buffer) => {
      bytesLeft -= chunk.length;
      if (bytesLeft < 0) req.destroy();
    });
    req.once('close', () => clearTimeout(timer)).on('error', () => undefined);
    req.resume();
  });
}

/** A host without the characters that end it in a URL: after one of them, `authorize` would receive another path. */
const HOST = /^[^/?#\\@\s]+$/;

/** @returns null if host, path, method or headers are invalid for a `Request` */
function requestOf(req: MountedRequest, path: string): Request | null {
  const scheme = 'encrypted' in req.socket ? 'https' : 'http';
  const host = String(req.headers[':authority'] ?? req.headers.host ?? 'localhost');
  const url = HOST.test(host) ? parseUrl(`${scheme}://${host}${path}`) : null;
  const { method = 'GET' } = req;
  if (!url || method === 'TRACE') return null;
  const body = method === 'GET' || method === 'HEAD' ? null : bodyOf(req);
  try {
    return new Request(url, { method, headers: headersOf(req), body, duplex: 'half' } as RequestInit);
  } catch {
    return null;
  }
}

/** Returns the body as a stream that reads only on demand. */
function bodyOf(req: MountedRequest): ReadableStream<Uint8Array> {
  let stopReading = (): void => undefined;
  const source: UnderlyingDefaultSource<Uint8Array> = {
    pull: (controller) =>
      new Promise<void>((resolve, reject) => {
        const settle = (action: () => void): void => {
          stopReading();
          action();
          // no effect after a rejection
          resolve();
        };
        const onData = (chunk: Buffer): void => settle(() => controller.enqueue(chunk));
        const onEnd = (): void => settle(() => controller.close());
        const onAbort = (): void => settle(() => reject(new Error('the client closed the connection')));
        stopReading = () =>
          req.pause().off('data', onData).off('end', onEnd).off('error', onAbort).off('close', onAbort);
        if (req.readableEnded) {
          // a body parser has read it before
          if (req.body !== undefined) controller.enqueue(new TextEncoder().encode(JSON.stringify(req.body)));
          onEnd();
        } else if (req.destroyed) onAbort();
        else req.on('data', onData).on('end', onEnd).on('error', onAbort).on('close', onAbort).resume();
      }),
    cancel: () => stopReading(),
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** Returns path and query with one leading slash. With two, the path would be parsed as the name of another host. */
const pathOf = (req: MountedRequest): string => `/${(req.originalUrl ?? req.url ?? '/').replace(/^\/+/, '')}`;

function headersOf(req: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(req.headersDistinct)) {
    // HTTP/2 pseudo-headers start with a colon; Node has already decoded a chunked body
    if (name.startsWith(':') || name === 'transfer-encoding') continue;
    for (const value of values ?? []) headers.append(name, value);
  }
  return headers;
}
