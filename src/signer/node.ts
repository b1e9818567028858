import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAction } from './actions.js';
import { actionNameOf, MAX_BODY, refuse, unknownAction, wrongMethod } from './http.js';

export type { SqlTracker, SqlTrackerOptions } from './sql-tracker.js';
export { createSqlTracker } from './sql-tracker.js';

/** What Express and connect add: the URL before mounting, and a body that their parsers have taken already. */
type MountedRequest = IncomingMessage & { originalUrl?: string; body?: unknown };

export type NodeHandler = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void;

/**
 * Makes a signer a request listener of `node:http`, or middleware of Express and connect, mounted anywhere: the URL's
 * last segment names the action. A URL that names none goes to `next`, where there is one. It reads bodies by itself,
 * up to what the signer takes, and gets on with a JSON body parser before it.
 */
export function toNodeHandler(handler: (request: Request) => Promise<Response>): NodeHandler {
  return (req: MountedRequest, res, next) => {
    const url = urlOf(req);
    if (next && !isAction(actionNameOf(url.pathname))) return next();
    respond(handler, req, url, res).catch((error: unknown) => {
      if (next) next(error);
      else res.destroy();
    });
  };
}

async function respond(
  handler: (request: Request) => Promise<Response>,
  req: MountedRequest,
  url: URL,
  res: ServerResponse,
): Promise<void> {
  const response = req.method === 'TRACE' ? refuseTrace(url) : await handler(await requestOf(req, url));
  res.statusCode = response.status;
  response.headers.forEach((value, name) => res.setHeader(name, value));
  // A body cut off at the limit is still on its way: the connection cannot serve another request.
  if (!req.complete) res.setHeader('connection', 'close');
  res.end(Buffer.from(await response.arrayBuffer()));
}

/**
 * Refuses what the signer cannot refuse itself, since fetch makes no `Request` of a TRACE.
 * @see https://fetch.spec.whatwg.org/#forbidden-method
 */
function refuseTrace(url: URL): Response {
  const action = actionNameOf(url.pathname);
  return refuse(isAction(action) ? wrongMethod(action, 'TRACE') : unknownAction(action), {});
}

async function requestOf(req: MountedRequest, url: URL): Promise<Request> {
  const hasBody = req.method !== 'GET' && req.method !== 'HEAD';
  const body = hasBody ? await readBody(req) : null;
  return new Request(url, { method: req.method ?? 'GET', headers: headersOf(req), body });
}

/** Reads the body, one byte past the limit at most: so much tells the signer that it is too long. */
async function readBody(req: MountedRequest): Promise<Uint8Array<ArrayBuffer>> {
  if (req.readableEnded && req.body !== undefined) return new TextEncoder().encode(JSON.stringify(req.body));
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_BODY) break;
  }
  return new Uint8Array(Buffer.concat(chunks).subarray(0, MAX_BODY + 1));
}

function urlOf(req: MountedRequest): URL {
  const scheme = 'encrypted' in req.socket ? 'https' : 'http';
  const host = req.headers[':authority'] ?? req.headers.host ?? 'localhost';
  const path = req.originalUrl ?? req.url ?? '/';
  const base = `${scheme}://${String(host)}`;
  // A request line may hold a whole URL, or a path that begins with two slashes and would name another host.
  return new URL(`${URL.canParse(base) ? base : 'http://localhost'}/${path.replace(/^\/+/, '')}`);
}

function headersOf(req: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(req.headersDistinct)) {
    // HTTP/2's own fields begin with a colon; the body's length is known anew once it is read.
    if (name.startsWith(':') || name === 'content-length' || name === 'transfer-encoding') continue;
    for (const value of values ?? []) headers.append(name, value);
  }
  return headers;
}
