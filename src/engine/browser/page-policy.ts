/** Host names of this device. An `https:` page may reach them by `http:`. */
const LOCAL_HOST = /^(localhost|.+\.localhost|127\..+|\[::1\])$/;

/** Returns why an `https:` page cannot reach an `http:` URL, and what to change; empty if it can. */
export const explainMixedContent = (page: string, { protocol, hostname, origin }: URL): string =>
  page.startsWith('https:') && protocol === 'http:' && !LOCAL_HOST.test(hostname)
    ? `the browser blocks mixed content: ${origin} needs an https: address, as the page has one`
    : '';

/** Maximum number of violations that are kept: enough for the requests in flight. */
const MAX_VIOLATIONS = 50;

/** The page's latest policy violations. All requests share one listener, because there may be thousands of requests. */
const violations: { blockedURI: string; directive: string }[] = [];
/** Number of all violations, including those that are no longer kept. */
let violationCount = 0;

const listenForViolations = (): void =>
  globalThis.addEventListener?.('securitypolicyviolation', (event) => {
    const { disposition, blockedURI, effectiveDirective } = event;
    if (disposition !== 'enforce') return;
    violationCount++;
    violations.push({ blockedURI, directive: effectiveDirective });
    if (violations.length > MAX_VIOLATIONS) violations.shift();
  });
let isListening = false;

/**
 * Watches whether the page blocks requests to a URL, by its content security policy or as mixed content. To the request,
 * both look like a network failure.
 * @returns a function that returns what to change on the page; empty if no request was blocked since this call
 * @see https://www.w3.org/TR/CSP3/#violation-events
 */
export function watchPolicy(url: string): () => string {
  if (!isListening) listenForViolations();
  isListening = true;
  const countBefore = violationCount;
  return () => {
    const page = globalThis.location?.href ?? '';
    const target = new URL(url, page || undefined);
    const { origin } = target;
    const newViolations = violationCount > countBefore ? violations.slice(countBefore - violationCount) : [];
    const violation = newViolations.findLast(({ blockedURI }) => `${blockedURI}/`.startsWith(`${origin}/`));
    return violation
      ? `the page's content security policy (${violation.directive}) blocks requests to ${origin}: allow it there`
      : explainMixedContent(page, target);
  };
}
