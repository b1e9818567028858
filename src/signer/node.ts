import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAction } from './actions/action-table.js';
import { refusalResponse } from './http/responses.js';
import { actionNameFrom, unknownActionRefusal, methodRefusal } from './http/routing.js';
import { MAX_BODY_BYTES } from './http/json-body.js';
import { SignerRefusal } from './util/refusal.js';
import { parseUrl } from './util/url.js';

export type { SqlTracker, SqlTrackerOptions } from './tracker/sql-tracker.js';
export { createSqlTracker } from './tracker/sql-tracker.js';

/** What Express and connect add: the URL before mounting, and a body that their parsers have taken already. */
type MountedRequest = IncomingMessage & { originalUrl?: string; body?: unknown };

export type NodeHandler = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void;

/** Milliseconds for which the rest of a body is read and discarded after its request has been answered. */
const DISCARD_TIMEOUT_MS = 5_000;

/**
 * Makes a signer a request listener of `node:http`, or middleware of Express and connect, mounted anywhere: the URL's
 * last segment names the action. A URL that names none goes to `next`, where there is one. The body is read only when
 * the signer asks for it, after `authorize` and `throttle`, and no further than the signer's limits; a JSON body parser
 * may stand before it. A request that is malformed is answered with 400; none throws.
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
 * Refuses what the signer cannot refuse itself, since fetch makes no `Request` of a TRACE.
 * @see https://fetch.spec.whatwg.org/#forbidden-method
 */
function refuseTrace(action: string): Response {
  return refusalResponse(isAction(action) ? methodRefusal(action, 'TRACE') : unknownActionRefusal(action), {});
}

const refuseMalformed = (): Response =>
  refusalResponse(new SignerRefusal(400, 'invalid-request', 'The request has no valid Host, path or headers.'), {});

/**
 * Reads and discards what still arrives of a body after its request has been answered: a client that is still sending
 * when the connection is closed gets a reset in place of the answer. A body that is too long, or too slow, is cut off.
 */
function discardRest(req: MountedRequest, res: ServerResponse): void {
  res.once('finish', () => {
    if (req.complete) return;
    let left = MAX_BODY_BYTES;
    const timer = setTimeout(() => req.destroy(), DISCARD_TIMEOUT_MS).unref();
    req.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) req.destroy();
    });
    req.once('close', () => clearTimeout(timer)).on('error', () => undefined);
    req.resume();
  });
}

/** @returns null where host, path, method or headers are such that no `Request` can be made of them */
function requestOf(req: MountedRequest, path: string): Request | null {
  const scheme = 'encrypted' in req.socket ? 'https' : 'http';
  const host = req.headers[':authority'] ?? req.headers.host ?? 'localhost';
  const url = parseUrl(`${scheme}://${String(host)}${path}`);
  const { method = 'GET' } = req;
  if (!url || method === 'TRACE') return null;
  const body = method === 'GET' || method === 'HEAD' ? null : bodyOf(req);
  try {
    return new Request(url, { method, headers: headersOf(req), body, duplex: 'half' } as RequestInit);
  } catch {
    return null;
  }
}

/** Returns the body as a stream of which nothing is read before it is asked for. */
function bodyOf(req: MountedRequest): ReadableStream<Uint8Array> {
  let stopReading = (): void => undefined;
  const source: UnderlyingDefaultSource<Uint8Array> = {
    pull: (controller) =>
      new Promise<void>((resolve, reject) => {
        const settle = (action: () => void): void => {
          stopReading();
          action();
          resolve();
        };
        const onData = (chunk: Buffer): void => settle(() => controller.enqueue(chunk));
        const onEnd = (): void => settle(() => controller.close());
        const onCut = (): void => settle(() => reject(new Error('the request was cut off')));
        stopReading = () => req.pause().off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
        if (req.readableEnded) {
          // a body parser before this handler has read it
          if (req.body !== undefined) controller.enqueue(new TextEncoder().encode(JSON.stringify(req.body)));
          onEnd();
        } else if (req.destroyed) onCut();
        else req.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut).resume();
      }),
    cancel: () => stopReading(),
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** A request line may hold a whole URL, or a path that begins with two slashes and would name another host. */
const pathOf = (req: MountedRequest): string => `/${(req.originalUrl ?? req.url ?? '/').replace(/^\/+/, '')}`;

function headersOf(req: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(req.headersDistinct)) {
    // HTTP/2's own fields begin with a colon; a body that comes in chunks has been put together by Node
    if (name.startsWith(':') || name === 'transfer-encoding') continue;
    for (const value of values ?? []) headers.append(name, value);
  }
  return headers;
}
