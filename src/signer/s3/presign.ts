/**
 * Presigns URLs with Signature Version 4: derives one key a day, then computes a hash and an HMAC for each URL.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
import type { SignedRequest } from '../../protocol.js';
import { hex, percentEncode, utf8 } from '../util/bytes.js';
import { hmacKey, sha256, type HmacKey } from '../util/hashes.js';
import type { StoreAddress } from './store-address.js';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** When temporary credentials expire: epoch milliseconds or a Date. */
  expiration?: number | Date;
}

/** One request to the store, before it is signed. */
export interface StoreOperation {
  method: string;
  key: string;
  query?: Readonly<Record<string, string>>;
  /** Signed headers that the browser sends; lower-case names. */
  headers?: Readonly<Record<string, string>>;
  /** Bytes of the body; signed. The browser sets the header itself. */
  contentLength?: number;
}

/** The credentials, time and lifetime of signatures. */
export interface SigningTerms {
  credentials: Credentials;
  /** Epoch milliseconds. */
  now: number;
  /** Seconds, 1 to 604,800. */
  lifetimeS: number;
}

export type Presigner = (operation: StoreOperation, terms: SigningTerms) => Promise<SignedRequest>;

/** Creates the function that presigns requests to one bucket. The signed requests have no `expires`. */
export function createPresigner(
  store: StoreAddress,
  region: string,
  signingKeyFor: SigningKeys = createSigningKeys(region),
): Presigner {
  // all signatures of one call have the same terms, most the same key: both are encoded only once
  const parametersByTerms = new WeakMap<SigningTerms, SharedParameters>();
  const parametersFor = (terms: SigningTerms): SharedParameters => {
    let shared = parametersByTerms.get(terms);
    if (!shared) parametersByTerms.set(terms, (shared = createSharedParameters(terms, region)));
    return shared;
  };

  let lastPath = { key: '', path: store.basePath };
  const pathOf = (key: string): string => {
    if (lastPath.key !== key) lastPath = { key, path: store.basePath + encodeKey(key) };
    return lastPath.path;
  };

  return async ({ method, key, query, headers, contentLength }, terms) => {
    const { timestamp, scope, parameters } = parametersFor(terms);
    const path = pathOf(key);
    const signed = canonicalHeaders(headers, store.host, contentLength);
    // the parameters are sorted: names of S3's own parameters are lower-case, and come last
    const queryString = `${parameters}&X-Amz-SignedHeaders=${signed.encodedNames}${canonicalQuery(query)}`;
    const canonicalRequest = `${method}\n${path}\n${queryString}\n${signed.lines}\n${signed.names}\nUNSIGNED-PAYLOAD`;
    const stringToSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hex(await sha256(canonicalRequest))}`;
    const signingKey = await signingKeyFor(terms.credentials, timestamp.slice(0, 8));
    const signature = hex(await signingKey.sign(stringToSign));
    return {
      method,
      url: `${store.origin}${path}?${queryString}&X-Amz-Signature=${signature}`,
      ...(headers && Object.keys(headers).length > 0 ? { headers: { ...headers } } : {}),
    };
  };
}

/** The values that all signatures with the same terms have in common. */
interface SharedParameters {
  timestamp: string;
  scope: string;
  /** Query parameters, encoded and sorted. */
  parameters: string;
}

function createSharedParameters({ credentials, now, lifetimeS }: SigningTerms, region: string): SharedParameters {
  const { timestamp, scope } = credentialScope(now, region);
  const { accessKeyId, sessionToken } = credentials;
  const parameters = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${percentEncode(`${accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${timestamp}`,
    `X-Amz-Expires=${lifetimeS}`,
    ...(sessionToken === undefined ? [] : [`X-Amz-Security-Token=${percentEncode(sessionToken)}`]),
  ];
  return { timestamp, scope, parameters: parameters.join('&') };
}

/** Returns the time and the credential scope in the format of signatures. */
export function credentialScope(now: number, region: string): { timestamp: string; scope: string } {
  const timestamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  return { timestamp, scope: `${timestamp.slice(0, 8)}/${region}/s3/aws4_request` };
}

/** Encodes a key for a canonical URL path: all but unreserved characters (RFC 3986) and slashes. */
export const encodeKey = (key: string): string => percentEncode(key).replaceAll('%2F', '/');

/** Returns the sorted, encoded parameters, each preceded by `&`. */
function canonicalQuery(query: Readonly<Record<string, string>> = {}): string {
  let text = '';
  for (const name of Object.keys(query).sort()) text += `&${percentEncode(name)}=${percentEncode(query[name]!)}`;
  return text;
}

/** Returns the canonical headers, and the names of the signed headers. */
function canonicalHeaders(
  headers: Readonly<Record<string, string>> = {},
  host: string,
  contentLength: number | undefined,
): { names: string; encodedNames: string; lines: string } {
  const names = [...Object.keys(headers), 'host'];
  if (contentLength !== undefined) names.push('content-length');
  let lines = '';
  for (const name of names.sort()) {
    const value = name === 'host' ? host : name === 'content-length' ? String(contentLength) : headers[name]!;
    lines += `${name}:${value.trim().replace(/ +/g, ' ')}\n`;
  }
  return { names: names.join(';'), encodedNames: names.map(percentEncode).join('%3B'), lines };
}

/** Returns the signing key of a day (`YYYYMMDD`). */
export type SigningKeys = (credentials: Credentials, day: string) => Promise<HmacKey>;

/** Caches the day's key as a promise, so that concurrent signatures share one derivation. */
export function createSigningKeys(region: string): SigningKeys {
  let last: { secret: string; day: string; key: Promise<HmacKey> } | null = null;
  return ({ secretAccessKey: secret }, day) => {
    if (last?.secret !== secret || last.day !== day) last = { secret, day, key: deriveKey(secret, day, region) };
    return last.key;
  };
}

async function deriveKey(secret: string, day: string, region: string): Promise<HmacKey> {
  let key = await hmacKey(utf8(`AWS4${secret}`));
  for (const step of [day, region, 's3', 'aws4_request']) key = await hmacKey(await key.sign(step));
  return key;
}
