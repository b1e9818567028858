import type { InjectedResponse } from './rules.js';

/** The response headers that a bucket or a signer exposes to pages of another origin. */
const EXPOSED_HEADERS = 'ETag, Retry-After, x-amz-request-id, x-amz-version-id';

/** Returns S3's `<Error>` document. */
export const errorXml = (code: string, message = 'Sent by the fault proxy.'): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;

function retryAfterOf({ seconds, as }: NonNullable<InjectedResponse['retryAfter']>): string {
  return as === 'seconds' ? String(seconds) : new Date(Date.now() + seconds * 1_000).toUTCString();
}

/** Returns the headers of a response of the proxy, names and values in turn. */
export function injectedHeaders(
  { headers, body, retryAfter, cors = true }: InjectedResponse,
  origin?: string,
): string[] {
  const isXml = body?.trimStart().startsWith('<?xml') ?? false;
  const allHeaders: Record<string, string> = {
    'Content-Type': isXml ? 'application/xml' : 'text/html',
    ...(cors
      && origin && {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': EXPOSED_HEADERS,
        Vary: 'Origin',
      }),
    ...(cors && origin && { 'Access-Control-Allow-Credentials': 'true' }),
    ...(retryAfter && { 'Retry-After': retryAfterOf(retryAfter) }),
    ...headers,
  };
  return Object.entries(allHeaders).flat();
}
