/** Hosts of this device. Browsers let a secure page reach them without TLS. */
const LOCAL_HOST = /^(localhost|.+\.localhost|127\..+|\[::1\])$/;

/** Returns why an `https:` page cannot reach a URL, and what to change; empty if it is not mixed content. */
export const mixedContent = (page: string, { protocol, hostname, origin }: URL): string =>
  page.startsWith('https:') && protocol === 'http:' && !LOCAL_HOST.test(hostname)
    ? `the browser blocks mixed content: ${origin} needs an https: address, as the page has one`
    : '';

/** Violations of the page's policy that are kept: of requests in flight. */
const MAX_VIOLATIONS = 50;

/** The page's last violations. Requests share one listener: each of thousands would add and remove its own. */
const violations: { blockedURI: string; directive: string }[] = [];
/** How many there were in all. */
let count = 0;

const listen = (): void =>
  globalThis.addEventListener?.('securitypolicyviolation', (event) => {
    const { disposition, blockedURI, effectiveDirective } = event;
    if (disposition !== 'enforce') return;
    count++;
    violations.push({ blockedURI, directive: effectiveDirective });
    if (violations.length > MAX_VIOLATIONS) violations.shift();
  });
let isListening = false;

/**
 * Notices, from now on, when the page blocks a request by its content security policy or as mixed content. To the request
 * both look like a network failure.
 * @returns a function that returns what to change; empty if the page has blocked nothing since
 * @see https://www.w3.org/TR/CSP3/#violation-events
 */
export function watchPolicy(url: string): () => string {
  if (!isListening) listen();
  isListening = true;
  const before = count;
  return () => {
    const page = globalThis.location?.href ?? '';
    const target = new URL(url, page || undefined);
    const { origin } = target;
    const since = count > before ? violations.slice(before - count) : [];
    const violation = since.findLast(({ blockedURI }) => `${blockedURI}/`.startsWith(`${origin}/`));
    return violation
      ? `the page's content security policy (${violation.directive}) blocks requests to ${origin}: allow it there`
      : mixedContent(page, target);
  };
}
