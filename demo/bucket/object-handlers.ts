import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { MAX_PART_SIZE } from '../../src/limits.js';
import { takeBitFlip } from './behaviour.js';
import type { Behaviour } from './behaviour.js';
import { checksumHeaders, readChecksum } from './checksums.js';
import type { Checksum } from './checksums.js';
import { S3Error } from './errors.js';
import { copyDocument, receiveCopy } from './copies.js';
import { quoted, sendEmpty, sendXml } from './exchange.js';
import type { Exchange } from './exchange.js';
import { receiveFile } from './files.js';
import type { BodyRules, ReceivedFile } from './files.js';
import type { StoredHeaders, StoredObject } from './objects.js';
import type { S3Request } from './request.js';

const STORED_HEADERS = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
];

/** The canned ACL is stored beside the headers, and not returned. */
export const ACL = 'x-amz-acl';
const GRANTS_READ = /^x-amz-grant-(read|full-control)$/;

/**
 * Reads the headers that are stored with the object, and its ACL.
 * @throws S3Error InvalidRequest for a canned ACL together with grants in headers
 */
export function readStoredHeaders(
  headers: ReadonlyMap<string, string>,
  { supportsAcls }: Pick<Behaviour, 'supportsAcls'>,
): StoredHeaders {
  const stored = [...headers].filter(([name]) => STORED_HEADERS.includes(name) || name.startsWith('x-amz-meta-'));
  // the form field has another name than the header
  const canned = headers.get(ACL) ?? headers.get('acl');
  const grant = [...headers].find(([name]) => GRANTS_READ.test(name))?.[1];
  if (supportsAcls && canned && grant)
    throw new S3Error('InvalidRequest', 'Specifying both Canned ACLs and Header Grants is not allowed');
  const acl = canned ?? (grant?.includes('global/AllUsers') ? 'public-read' : undefined);
  return {
    'content-type': 'binary/octet-stream',
    ...Object.fromEntries(stored),
    ...(supportsAcls && acl && { [ACL]: acl }),
  };
}

/**
 * Returns the checksum that the client has sent; null if there is none, or if this store does not support checksums.
 * @throws S3Error if it is invalid
 */
export function readSentChecksum(
  headers: ReadonlyMap<string, string>,
  { supportsChecksums }: Behaviour,
): Checksum | null {
  return supportsChecksums ? readChecksum(headers) : null;
}

/**
 * Returns the checks for a request's body.
 * @throws S3Error if the length is missing or too large, or if a digest is malformed
 */
export function bodyRules({ request, payloadSha256, behaviour }: Exchange): BodyRules {
  const checksum = readSentChecksum(request.headers, behaviour);
  const length = request.header('content-length');
  const contentMd5 = request.header('content-md5');
  if (length === undefined)
    throw new S3Error('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  if (contentMd5 !== undefined && Buffer.from(contentMd5, 'base64').length !== 16) {
    throw new S3Error('InvalidDigest', 'The Content-MD5 you specified is not valid.');
  }
  if (Number(length) > MAX_PART_SIZE) {
    throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      ProposedSize: Number(length),
      MaxSizeAllowed: MAX_PART_SIZE,
    });
  }
  return { sha256: payloadSha256, contentMd5, checksum, maxSize: MAX_PART_SIZE };
}

/** Returns the ETag of a body: its MD5, or another value, as for an encrypted object. */
export function etagOf({ md5 }: ReceivedFile, { hasOpaqueEtags }: Behaviour): string {
  return hasOpaqueEtags ? createHash('md5').update(`encrypted ${md5}`).digest('hex') : md5;
}

/**
 * Returns whether the request has `If-None-Match: *`: the key must not exist. Counts down the conflicts of the behaviour.
 * @throws S3Error ConditionalRequestConflict
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function readMustBeNew(request: S3Request, behaviour: Behaviour): boolean {
  const condition = request.header('if-none-match');
  if (condition === undefined) return false;
  if (condition !== '*')
    throw new S3Error('NotImplemented', 'This store supports only * in If-None-Match.', { Header: 'If-None-Match' });
  if (behaviour.conditionalConflictCount > 0) {
    behaviour.conditionalConflictCount -= 1;
    throw new S3Error(
      'ConditionalRequestConflict',
      'The conditional request cannot succeed due to a conflicting operation against this resource.',
    );
  }
  return true;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export async function putObject(exchange: Exchange): Promise<void> {
  const { request, response, bucket, behaviour } = exchange;
  const rules = { ...bodyRules(exchange), bitFlip: takeBitFlip(behaviour, 0) };
  const mustBeNew = readMustBeNew(request, behaviour);
  const copied = await receiveCopy(exchange);
  const received = copied ?? (await receiveFile(request.body(), bucket.objects.temporaryPath(), rules));
  const { etag, checksum } = await bucket.objects.put(
    request.key,
    received,
    etagOf(received, behaviour),
    readStoredHeaders(request.headers, behaviour),
    mustBeNew,
  );
  if (copied) sendXml(response, 200, copyDocument('CopyObjectResult', etag));
  else sendEmpty(response, 200, { etag: quoted(etag), ...checksumHeaders(checksum) });
}

async function findObject({ request, bucket, behaviour }: Exchange): Promise<StoredObject> {
  const object = await bucket.objects.find(request.key);
  if (object) return object;
  if (!behaviour.mayListBucket) throw new S3Error('AccessDenied', 'Access Denied');
  throw new S3Error('NoSuchKey', 'The specified key does not exist.', { Key: request.key });
}

/** Reads `bytes=a-b`, `bytes=a-` and `bytes=-n`; returns null for any other value, which HTTP ignores. */
function readRange(header: string | undefined, size: number): { start: number; end: number } | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (!match[1] && !match[2])) return null;
  const start = match[1] ? Number(match[1]) : Math.max(size - Number(match[2]), 0);
  const end = match[1] && match[2] ? Math.min(Number(match[2]) + 1, size) : size;
  if (start >= size || start >= end) {
    throw new S3Error(
      'InvalidRange',
      'The requested range is not satisfiable',
      { ActualObjectSize: size },
      { 'content-range': `bytes */${size}` },
    );
  }
  return { start, end };
}

/**
 * Handles GET, with or without a range of bytes, and HEAD.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function getObject(exchange: Exchange): Promise<void> {
  const { request, response, bucket, behaviour } = exchange;
  const object = await findObject(exchange);
  const range = readRange(request.header('range'), object.size);
  const { start, end } = range ?? { start: 0, end: object.size };
  const includesChecksum = behaviour.supportsChecksums && request.header('x-amz-checksum-mode') === 'ENABLED' && !range;
  const headers = Object.fromEntries(Object.entries(object.headers).filter(([name]) => name !== ACL));
  response.writeHead(range ? 206 : 200, {
    ...headers,
    etag: quoted(object.etag),
    'last-modified': new Date(object.modified).toUTCString(),
    ...(includesChecksum && checksumHeaders(object.checksum)),
    'accept-ranges': 'bytes',
    'content-length': String(end - start),
    ...(range && { 'content-range': `bytes ${start}-${end - 1}/${object.size}` }),
  });
  if (request.method === 'HEAD') response.end();
  else await pipeline(bucket.objects.read(object, start, end), response);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export async function deleteObject({ request, response, bucket }: Exchange): Promise<void> {
  await bucket.objects.remove(request.key);
  sendEmpty(response, 204);
}
