/** The signer's side of HTTP: what is let in, how a body is read, which pages may read the answer. */
import type { RefusalAnswer } from '../../protocol.js';
import { parseJson } from '../util/json.js';
import { SignerRefusal } from '../util/refusal.js';
import { parseUrl } from '../util/url.js';

/** Bytes of a request's body. */
export const MAX_BODY = 1_048_576;

/** Names the action: the path's last segment. */
export const actionNameOf = (pathname: string): string => pathname.split('/').filter(Boolean).at(-1) ?? '';

/** Makes the refusal of a URL that names no action; it names what stands in the action's place, shortened. */
export function unknownAction(segment: string): SignerRefusal {
  const fault = segment === '' ? 'The URL names no action' : `“${segment.slice(0, 100)}” is no action of this signer`;
  const hint = "an action, such as get_init_signature, is the last segment of the URL's path";
  return new SignerRefusal(404, 'unknown-action', `${fault}: ${hint}.`);
}

/** Makes the refusal of an action called by any method but POST. */
export function wrongMethod(action: string, method: string): SignerRefusal {
  const message = `POST JSON to ${action}; it takes no ${method}.`;
  return new SignerRefusal(405, 'method-not-allowed', message, { allow: 'POST, OPTIONS' });
}

/** @throws SignerRefusal 405 for any method but POST, 415 for any body but JSON */
export function expectJsonPost(request: Request, action: string): void {
  if (request.method !== 'POST') throw wrongMethod(action, request.method);
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new SignerRefusal(415, 'unsupported-media-type', 'The body has to be application/json.');
  }
}

/**
 * @throws SignerRefusal 403 for a page of an origin that is neither listed nor on the signer's own host
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function expectOrigin(request: Request, origins: ReadonlySet<string> | null): void {
  const refuse = () => new SignerRefusal(403, 'origin-refused', 'Pages of this origin may not use this signer.');
  if (!origins) {
    // Nothing is listed: the browser itself tells whether the page is from here, whatever a proxy makes of Host.
    if (/^(cross-site|same-site)$/.test(request.headers.get('sec-fetch-site') ?? '')) throw refuse();
    return;
  }
  const origin = request.headers.get('origin');
  if (origin === null || origins.has('*') || origins.has(origin)) return;
  // A browser that tells where its page is from knows better than any comparison of hosts: http is not https there.
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin') throw refuse();
  // Only the host is held against it: behind a proxy that ends TLS the signer sees http where the page has https.
  const host = parseUrl(origin)?.host;
  if (host && host === parseUrl(request.url)?.host) return;
  throw refuse();
}

/**
 * Gives the CORS headers of any answer. Without listed origins there are none, and since JSON needs a preflight, no
 * page from elsewhere gets as far as calling.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function corsHeaders(request: Request, origins: ReadonlySet<string> | null): Record<string, string> {
  if (!origins) return {};
  const origin = request.headers.get('origin');
  if (origin !== null && origins.has(origin)) {
    return {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Retry-After',
      vary: 'Origin',
    };
  }
  if (!origins.has('*')) return { vary: 'Origin' };
  return { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Retry-After', vary: 'Origin' };
}

/** Answers a preflight; which headers a page may send is its own affair once its origin is listed. */
export function preflight(request: Request, cors: Record<string, string>): Response {
  const asked = request.headers.get('access-control-request-headers') ?? '';
  const headers = new Headers({ ...cors, allow: 'POST, OPTIONS' });
  if ('access-control-allow-origin' in cors) {
    headers.set('access-control-allow-methods', 'POST');
    headers.set('access-control-max-age', '7200');
    if (/^[\w!#$%&'*+.^`|~, -]{1,4096}$/.test(asked)) headers.set('access-control-allow-headers', asked);
  }
  return new Response(null, { status: 204, headers });
}

/**
 * Reads a JSON body of at most `MAX_BODY` bytes, and stops as soon as it passes that limit or the time is over.
 * @param timeout milliseconds that the whole body may take
 * @throws SignerRefusal 413 for one too long, 408 for one too slow, 400 for one that is no JSON
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9 on 408
 */
export async function readJson(request: Request, timeout: number): Promise<unknown> {
  const tooLong = () => new SignerRefusal(413, 'body-too-large', `The body may have at most ${MAX_BODY} bytes.`);
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY) throw tooLong();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const reader = request.body?.getReader();
  if (!reader) return parseJson('');
  const deadline = startDeadline(timeout);
  let text = '';
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), deadline.passed]);
      if (done) break;
      length += value.byteLength;
      if (length > MAX_BODY) throw tooLong();
      text += decoder.decode(value, { stream: true });
    }
    text += decoder.decode();
  } catch (error) {
    // not awaited: the source of a body that does not arrive may never settle
    reader.cancel().catch(() => undefined);
    if (error instanceof SignerRefusal) throw error;
    throw new SignerRefusal(400, 'invalid-json', 'The body is no JSON text in UTF-8.');
  } finally {
    deadline.clear();
  }
  return parseJson(text);
}

/** Starts a timer. @returns a promise that rejects once the time is over, and what ends the timer */
function startDeadline(timeout: number): { passed: Promise<never>; clear: () => void } {
  let clear = (): void => undefined;
  const passed = new Promise<never>((_resolve, reject) => {
    const message = `The body did not arrive within ${Math.ceil(timeout / 1_000)} seconds; send it again.`;
    const timer = setTimeout(() => reject(new SignerRefusal(408, 'body-timeout', message)), timeout);
    clear = () => clearTimeout(timer);
  });
  // it may reject while nothing waits for it
  passed.catch(() => undefined);
  return { passed, clear };
}

/** Makes an answer that no cache keeps; null is 204. */
export function answer(body: unknown, cors: Record<string, string>): Response {
  const headers = { ...cors, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
  return body === null ? new Response(null, { status: 204, headers }) : Response.json(body, { headers });
}

/** Makes the answer to a call that failed. */
export function refuse({ status, code, message, headers }: SignerRefusal, cors: Record<string, string>): Response {
  const body: RefusalAnswer = { error: { code, message } };
  return Response.json(body, {
    status,
    headers: { ...cors, ...headers, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  });
}
