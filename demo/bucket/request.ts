import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors.js';

const MAX_KEY_BYTES = 1024;
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** One request in S3's terms, path-style: `/{bucket}/{key}?{query}`. */
export interface S3Request {
  readonly method: string;
  /** As sent, still percent-encoded. */
  readonly rawPath: string;
  /** Decoded; a parameter without a value is an empty string. */
  readonly query: ReadonlyMap<string, string>;
  readonly bucket: string;
  /** Decoded; empty for operations on the bucket. */
  readonly key: string;
  header(name: string): string | undefined;
  readonly headers: ReadonlyMap<string, string>;
  /**
   * Returns the body as it arrives. Leaving the loop early does not close the connection, so that the client can read an
   * error.
   */
  body(): AsyncIterable<Buffer>;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidArgument', 'The address is not percent-encoded UTF-8.');
  }
}

function parseQuery(text: string): Map<string, string> {
  const pairs = text
    .split('&')
    .filter(Boolean)
    .map((pair): [string, string] => {
      const equalsAt = pair.indexOf('=');
      const decodeParameter = (part: string): string => decode(part.replaceAll('+', ' '));
      return equalsAt < 0
        ? [decodeParameter(pair), '']
        : [decodeParameter(pair.slice(0, equalsAt)), decodeParameter(pair.slice(equalsAt + 1))];
    });
  return new Map(pairs);
}

/**
 * Reads bucket, key and query from an HTTP request.
 * @throws S3Error if the URL is not a valid S3 address
 */
export function readRequest(message: IncomingMessage): S3Request {
  const [rawPath = '/', rawQuery = ''] = (message.url ?? '/').split(/\?(.*)/s, 2);
  const [, rawBucket = '', rawKey = ''] = /^\/([^/]*)\/?(.*)$/s.exec(rawPath) ?? [];
  const key = decode(rawKey);
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new S3Error('KeyTooLongError', `A key has at most ${MAX_KEY_BYTES} bytes.`);
  const headers = new Map(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  );
  return {
    method: message.method ?? 'GET',
    rawPath,
    query: parseQuery(rawQuery),
    bucket: decode(rawBucket),
    key,
    headers,
    header: (name) => headers.get(name),
    body: () => message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>,
  };
}

/** @throws S3Error for a name that S3 does not allow */
export function assertBucketName(name: string): void {
  if (!BUCKET_NAME.test(name) || name.includes('..'))
    throw new S3Error('InvalidBucketName', 'The specified bucket is not valid.');
}

/**
 * Reads a body as text; only for small XML documents.
 * @param sha256 expected hash in hex; null if the body is unsigned
 * @throws S3Error if the body is too large, or does not have the signed hash
 */
export async function readText(body: AsyncIterable<Buffer>, maxBytes: number, sha256: string | null): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new S3Error('MalformedXML', `The body is larger than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (sha256 !== null && createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new S3Error(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  return bytes.toString('utf8');
}

/**
 * Returns an integer parameter of the query.
 * @throws S3Error if the value is not an integer in that range
 */
export function integerParameter(
  request: S3Request,
  name: string,
  { fallback, min, max }: { fallback?: number; min: number; max: number },
): number {
  const text = request.query.get(name);
  if (text === undefined && fallback !== undefined) return fallback;
  const value = Number(text);
  const isInRange = text !== '' && Number.isInteger(value) && value >= min && value <= max;
  if (!isInRange)
    throw new S3Error('InvalidArgument', `${name} must be an integer between ${min} and ${max}.`, {
      ArgumentName: name,
    });
  return value;
}
