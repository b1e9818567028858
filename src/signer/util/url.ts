/**
 * Parses a URL.
 * `URL.canParse` cannot decide this: in Node 20 and 22, its fast path returns true for Latin-1 text that `new URL`
 * rejects.
 * @returns null for an invalid URL
 * @see https://github.com/nodejs/node/pull/47552 which added the fast path
 */
export function parseUrl(text: string, base?: string): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}
