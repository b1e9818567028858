/**
 * Parses a URL, and returns null for text that is none. `URL.canParse` must not decide about it: in Node 20 and 22, once
 * its fast path is in use, it answers true for Latin-1 text for which `new URL` throws.
 * @see https://github.com/nodejs/node/pull/47552 which brought the fast path
 */
export function parseUrl(text: string, base?: string): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}
