import { SignerRefusal } from '../util/refusal.js';
import { parseUrl } from '../util/url.js';

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
export function preflightResponse(request: Request, cors: Record<string, string>): Response {
  const asked = request.headers.get('access-control-request-headers') ?? '';
  const headers = new Headers({ ...cors, allow: 'POST, OPTIONS' });
  if ('access-control-allow-origin' in cors) {
    headers.set('access-control-allow-methods', 'POST');
    headers.set('access-control-max-age', '7200');
    if (/^[\w!#$%&'*+.^`|~, -]{1,4096}$/.test(asked)) headers.set('access-control-allow-headers', asked);
  }
  return new Response(null, { status: 204, headers });
}
