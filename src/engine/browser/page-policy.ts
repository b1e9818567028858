/** Hosts of this device. Browsers let a secure page reach them without TLS. */
const LOCAL_HOST = /^(localhost|.+\.localhost|127\..+|\[::1\])$/;

/** Returns why an `https:` page cannot reach a URL, and what to change; empty if it is not mixed content. */
export const mixedContent = (page: string, { protocol, hostname, origin }: URL): string =>
  page.startsWith('https:') && protocol === 'http:' && !LOCAL_HOST.test(hostname)
    ? `the browser blocks mixed content: ${origin} needs an https: address, as the page has one`
    : '';

/**
 * Listens, while a request is in flight, for the page blocking it by its content security policy or as mixed content.
 * To the request both look like a network failure.
 * @returns a function that stops listening and returns what to change; empty if the page blocks nothing
 * @see https://www.w3.org/TR/CSP3/#violation-events
 */
export function watchPolicy(url: string): () => string {
  const page = globalThis.location?.href ?? '';
  const target = new URL(url, page || undefined);
  const { origin } = target;
  let violation = '';
  const onViolation = (event: Event): void => {
    const { disposition, blockedURI, effectiveDirective } = event as SecurityPolicyViolationEvent;
    if (disposition === 'enforce' && `${blockedURI}/`.startsWith(`${origin}/`))
      violation = `the page's content security policy (${effectiveDirective}) blocks requests to ${origin}: allow it there`;
  };
  globalThis.addEventListener?.('securitypolicyviolation', onViolation);
  return () => {
    globalThis.removeEventListener?.('securitypolicyviolation', onViolation);
    return violation || mixedContent(page, target);
  };
}
