import { SignerRefusal } from '../util/refusal.js';
import { parseUrl } from '../util/url.js';

/**
 * Checks the origin of the calling page.
 * @throws SignerRefusal 403 for an origin that is neither listed nor the signer's own host
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function expectOrigin(request: Request, origins: ReadonlySet<string> | null): void {
  const refuse = () => new SignerRefusal(403, 'origin-refused', 'Pages of this origin may not call this signer.');
  if (!origins) {
    // without a list, only the browser knows whether the page has the same origin: a proxy may change Host
    if (/^(cross-site|same-site)$/.test(request.headers.get('sec-fetch-site') ?? '')) throw refuse();
    return;
  }
  const origin = request.headers.get('origin');
  if (origin === null || origins.has('*') || origins.has(origin)) return;
  // more reliable than the comparison of hosts below, which ignores the scheme, and fails if a proxy changes Host
  const site = request.headers.get('sec-fetch-site');
  if (site === 'same-origin') return;
  if (site !== null) throw refuse();
  // compares hosts only: behind a proxy that terminates TLS, the signer sees http where the page has https
  const host = parseUrl(origin)?.host;
  if (host && host === parseUrl(request.url)?.host) return;
  throw refuse();
}

/**
 * Returns the CORS headers of an answer. Without listed origins there are none: JSON needs a preflight, which then fails
 * for every other origin.
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

/** Answers a preflight. A page of an allowed origin may send any header. */
export function preflightResponse(request: Request, cors: Record<string, string>): Response {
  const requested = request.headers.get('access-control-request-headers') ?? '';
  const headers = new Headers({ ...cors, allow: 'POST, OPTIONS' });
  if ('access-control-allow-origin' in cors) {
    headers.set('access-control-allow-methods', 'POST');
    headers.set('access-control-max-age', '7200');
    if (/^[\w!#$%&'*+.^`|~, -]{1,4096}$/.test(requested)) headers.set('access-control-allow-headers', requested);
  }
  return new Response(null, { status: 204, headers });
}
