import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Behaviour } from './behaviour.js';
import { S3Error } from './errors.js';
import type { S3Request } from './request.js';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const MAX_SKEW_MS = 15 * 60_000;
/** Seven days. */
const MAX_EXPIRES_SECONDS = 604_800;

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

export interface SignatureRules {
  credentials: Credentials;
  region: string;
}

/** What a valid signature specifies about the body. */
export interface Authorization {
  /** SHA-256 in hex that the body must have; null if the payload is unsigned. */
  readonly payloadSha256: string | null;
}

/** The signature of a request, and the values that the request states about it. */
interface SignatureClaim {
  credential: string;
  signedHeaders: string[];
  signature: string;
  /** `YYYYMMDDTHHMMSSZ` */
  timestamp: string;
  payload: string;
  /** Validity of a presigned URL; null for a signature in the Authorization header. */
  expiresSeconds: number | null;
  token: string | undefined;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * Derives the key of one day, region and service.
 * @param day `YYYYMMDD`
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
export function signingKey(secret: string, day: string, region: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request');
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** Reads `YYYYMMDDTHHMMSSZ` as epoch milliseconds; NaN for anything else. */
export function parseTimestamp(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function readQueryClaim(request: S3Request): SignatureClaim {
  const value = (name: string): string => {
    const text = request.query.get(name);
    if (!text) throw new S3Error('AuthorizationQueryParametersError', `The query parameter ${name} is missing.`);
    return text;
  };
  const expiresSeconds = Number(value('X-Amz-Expires'));
  if (value('X-Amz-Algorithm') !== ALGORITHM)
    throw new S3Error('AuthorizationQueryParametersError', `X-Amz-Algorithm must be ${ALGORITHM}.`);
  if (!Number.isInteger(expiresSeconds) || expiresSeconds < 1 || expiresSeconds > MAX_EXPIRES_SECONDS) {
    throw new S3Error(
      'AuthorizationQueryParametersError',
      `X-Amz-Expires must be between 1 and ${MAX_EXPIRES_SECONDS} seconds.`,
    );
  }
  return {
    credential: value('X-Amz-Credential'),
    signedHeaders: value('X-Amz-SignedHeaders').split(';'),
    signature: value('X-Amz-Signature'),
    timestamp: value('X-Amz-Date'),
    payload: request.header('x-amz-content-sha256') ?? UNSIGNED_PAYLOAD,
    expiresSeconds,
    token: request.query.get('X-Amz-Security-Token'),
  };
}

function readHeaderClaim(request: S3Request, header: string): SignatureClaim {
  const match = /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)$/.exec(
    header.trim(),
  );
  const timestamp = request.header('x-amz-date');
  const payload = request.header('x-amz-content-sha256');
  if (!match || !timestamp)
    throw new S3Error('AuthorizationHeaderMalformed', 'The Authorization header or x-amz-date is malformed.');
  if (!payload) throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  return {
    credential: match[1]!,
    signedHeaders: match[2]!.split(';'),
    signature: match[3]!,
    timestamp,
    payload,
    expiresSeconds: null,
    token: request.header('x-amz-security-token'),
  };
}

function assertInTime({ timestamp, expiresSeconds }: SignatureClaim, now: number): void {
  const signedAt = parseTimestamp(timestamp);
  if (Number.isNaN(signedAt)) throw new S3Error('AccessDenied', 'The date of the signature cannot be read.');
  if (expiresSeconds === null) {
    if (Math.abs(now - signedAt) > MAX_SKEW_MS) {
      throw new S3Error(
        'RequestTimeTooSkewed',
        'The difference between the request time and the current time is too large.',
        {
          RequestTime: timestamp,
          ServerTime: new Date(now).toISOString(),
          MaxAllowedSkewMilliseconds: MAX_SKEW_MS,
        },
      );
    }
    return;
  }
  if (signedAt - now > MAX_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not yet valid');
  if (now > signedAt + expiresSeconds * 1000) {
    throw new S3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': expiresSeconds,
      Expires: new Date(signedAt + expiresSeconds * 1000).toISOString(),
      ServerTime: new Date(now).toISOString(),
    });
  }
}

function assertHeadersSigned(request: S3Request, { signedHeaders }: SignatureClaim, isStrict: boolean): void {
  const unsigned = [...request.headers.keys()].filter(
    (name) => isStrict && name.startsWith('x-amz-') && !signedHeaders.includes(name),
  );
  if (!signedHeaders.includes('host')) unsigned.unshift('host');
  if (unsigned.length > 0) {
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned.join(', '),
    });
  }
}

function canonicalRequest(request: S3Request, { signedHeaders, payload }: SignatureClaim): string {
  const path = request.rawPath
    .split('/')
    .map((segment) => encode(decodeURIComponent(segment)))
    .join('/');
  const query = [...request.query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort();
  const headers = signedHeaders.map((name) => `${name}:${(request.header(name) ?? '').trim().replace(/\s+/g, ' ')}\n`);
  return [request.method, path, query.join('&'), headers.join(''), signedHeaders.join(';'), payload].join('\n');
}

/** Compares two hex signatures in constant time. */
export function isSameSignature(expected: Buffer, given: string): boolean {
  const bytes = Buffer.from(given, 'hex');
  return bytes.length === expected.length && timingSafeEqual(expected, bytes);
}

/**
 * Splits a credential, `{access key}/{day}/{region}/s3/aws4_request`, and derives the signing key.
 * @throws S3Error if the credential names another access key, region or service
 */
export function readScope(
  credential: string,
  { credentials, region }: SignatureRules,
): { day: string; key: Buffer; scope: string } {
  const [accessKeyId, day = '', ...rest] = credential.split('/');
  if (accessKeyId !== credentials.accessKeyId) {
    throw new S3Error('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
      AWSAccessKeyId: accessKeyId ?? '',
    });
  }
  if (rest.join('/') !== `${region}/s3/aws4_request`) {
    throw new S3Error(
      'AuthorizationHeaderMalformed',
      `The credential's scope is wrong; expecting '${region}/s3/aws4_request'.`,
      { Region: region },
    );
  }
  return { day, key: signingKey(credentials.secretAccessKey, day, region), scope: [day, ...rest].join('/') };
}

/**
 * Checks Signature Version 4 in the query or in the Authorization header.
 * @param now epoch milliseconds
 * @throws S3Error if the request is unsigned, expired or of a wrong time, or if its signature does not match
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function authorize(
  request: S3Request,
  rules: SignatureRules,
  now: number,
  { refusesUnsignedHeaders }: Pick<Behaviour, 'refusesUnsignedHeaders'>,
): Authorization {
  const header = request.header('authorization');
  const isPresigned = request.query.has('X-Amz-Signature') || request.query.has('X-Amz-Algorithm');
  if (!header && !isPresigned) throw new S3Error('AccessDenied', 'Access Denied');
  if (header && isPresigned) throw new S3Error('InvalidArgument', 'Only one auth mechanism allowed');
  const claim = header ? readHeaderClaim(request, header) : readQueryClaim(request);
  const { day, key, scope } = readScope(claim.credential, rules);
  if (!claim.timestamp.startsWith(`${day}T`))
    throw new S3Error('SignatureDoesNotMatch', 'The credential is of another day than the request.');
  if (claim.token !== rules.credentials.sessionToken)
    throw new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  assertInTime(claim, now);
  assertHeadersSigned(request, claim, refusesUnsignedHeaders);
  const canonical = canonicalRequest(request, claim);
  const stringToSign = [ALGORITHM, claim.timestamp, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  if (!isSameSignature(hmac(key, stringToSign), claim.signature)) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.',
      {
        StringToSign: stringToSign,
        CanonicalRequest: canonical,
      },
    );
  }
  if (claim.payload === UNSIGNED_PAYLOAD) return { payloadSha256: null };
  if (!/^[0-9a-f]{64}$/.test(claim.payload))
    throw new S3Error('NotImplemented', 'Payloads signed chunk by chunk are not supported here.');
  return { payloadSha256: claim.payload };
}
