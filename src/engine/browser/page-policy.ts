/** Hosts of this machine, which browsers let a secure page reach without TLS. */
const LOCAL = /^(localhost|.+\.localhost|127\..+|\[::1\])$/;

/** Says what an `https:` page has to change to reach a URL; empty where it is no mixed content. */
export const mixedContent = (page: string, { protocol, hostname, origin }: URL): string =>
  page.startsWith('https:') && protocol === 'http:' && !LOCAL.test(hostname)
    ? `the browser blocks mixed content: ${origin} needs an https: address, as the page has one`
    : '';

/**
 * Listens, while a request is under way, for the page itself forbidding it: its content security policy, or mixed
 * content. To the request both look like a dead network.
 * @returns a function that stops listening, and says what has to change; empty where the page forbids nothing
 * @see https://www.w3.org/TR/CSP3/#violation-events
 */
export function watchPolicy(url: string): () => string {
  const page = globalThis.location?.href ?? '';
  const target = new URL(url, page || undefined);
  const { origin } = target;
  let found = '';
  const onViolation = (event: Event): void => {
    const { disposition, blockedURI, effectiveDirective } = event as SecurityPolicyViolationEvent;
    if (disposition === 'enforce' && `${blockedURI}/`.startsWith(`${origin}/`))
      found = `the page's content security policy (${effectiveDirective}) blocks requests to ${origin}: allow it there`;
  };
  globalThis.addEventListener?.('securitypolicyviolation', onViolation);
  return () => {
    globalThis.removeEventListener?.('securitypolicyviolation', onViolation);
    return found || mixedContent(page, target);
  };
}
