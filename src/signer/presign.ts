/**
 * Signature Version 4 in the query, by WebCrypto: one key derivation a day, then a hash and an HMAC for each URL.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
import type { SignedRequest } from '../protocol.js';
import { hex, hmac, importHmacKey, sha256, utf8 } from './bytes.js';
import type { StoreAddress } from './store.js';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** When temporary credentials end; epoch milliseconds or a Date. */
  expiration?: number | Date;
}

/** One request to the store, to be signed. */
export interface StoreOperation {
  method: string;
  key: string;
  query?: Readonly<Record<string, string>>;
  /** Lower-case names; signed and replayed by the browser. */
  headers?: Readonly<Record<string, string>>;
  /** Bytes of the body; signed, and sent by the browser of itself. */
  contentLength?: number;
}

/** Who signs, when, and for how long. */
export interface SigningTerms {
  credentials: Credentials;
  /** Epoch milliseconds. */
  now: number;
  /** Seconds, 1 to 604,800. */
  expires: number;
}

export type Presigner = (operation: StoreOperation, terms: SigningTerms) => Promise<SignedRequest>;

/** Makes the function that signs requests to one bucket; what it returns holds no `expires` of its own. */
export function createPresigner(store: StoreAddress, region: string): Presigner {
  const signingKeyFor = createSigningKeys(region);

  return async ({ method, key, query, headers, contentLength }, { credentials, now, expires }) => {
    const timestamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
    const scope = `${timestamp.slice(0, 8)}/${region}/s3/aws4_request`;
    const path = store.basePath + encodeKey(key);
    const signed = canonicalHeaders({
      ...headers,
      host: store.host,
      ...(contentLength === undefined ? {} : { 'content-length': String(contentLength) }),
    });
    const search = canonicalQuery({
      ...query,
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
      'X-Amz-Date': timestamp,
      'X-Amz-Expires': String(expires),
      ...(credentials.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': credentials.sessionToken }),
      'X-Amz-SignedHeaders': signed.names,
    });
    const canonical = [method, path, search, signed.lines, signed.names, 'UNSIGNED-PAYLOAD'].join('\n');
    const toSign = ['AWS4-HMAC-SHA256', timestamp, scope, hex(await sha256(canonical))].join('\n');
    const signature = hex(await hmac(await signingKeyFor(credentials, timestamp.slice(0, 8)), toSign));
    return {
      method,
      url: `${store.origin}${path}?${search}&X-Amz-Signature=${signature}`,
      ...(headers && Object.keys(headers).length > 0 ? { headers: { ...headers } } : {}),
    };
  };
}

/** Encodes a key for a URL's path as signatures want it: all but unreserved characters (RFC 3986) and slashes. */
export const encodeKey = (key: string): string => encode(key).replaceAll('%2F', '/');

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

function canonicalQuery(query: Record<string, string>): string {
  const pairs = Object.entries(query).map(([name, value]) => [encode(name), encode(value)] as const);
  return pairs
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&');
}

function canonicalHeaders(headers: Record<string, string>): { names: string; lines: string } {
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]!.trim().replace(/ +/g, ' ')}\n`).join('');
  return { names: names.join(';'), lines };
}

/** Keeps the day's key as a promise, so that a thousand signatures asked at once share one derivation. */
function createSigningKeys(region: string): (credentials: Credentials, day: string) => Promise<CryptoKey> {
  let last: { secret: string; day: string; key: Promise<CryptoKey> } | null = null;
  return ({ secretAccessKey: secret }, day) => {
    if (last?.secret !== secret || last.day !== day) last = { secret, day, key: deriveKey(secret, day, region) };
    return last.key;
  };
}

async function deriveKey(secret: string, day: string, region: string): Promise<CryptoKey> {
  let key = await importHmacKey(utf8(`AWS4${secret}`));
  for (const step of [day, region, 's3', 'aws4_request']) key = await importHmacKey(await hmac(key, step));
  return key;
}
