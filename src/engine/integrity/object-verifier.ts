/** Proves by checksums and ETags that a stored object is the file. */
import type { ChecksumAlgorithm } from '../../protocol.js';
import type { Integrity } from '../api/types.js';
import type { PartPlan } from '../model/part-plan.js';
import type { PartTable } from '../model/part-table.js';
import type { StoredPart } from '../model/stored-part.js';
import type { StoredObject } from '../s3/stored-object.js';
import { hex } from '../util/bytes.js';
import type * as partDigests from './part-digests.js';

/** The object that an upload creates. */
export interface ExpectedObject {
  readonly plan: PartPlan;
  readonly isMultipart: boolean;
  /** Of the whole object, as the store reports it; null if none was agreed on or computed. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | null;
  /** ETags of the parts in order, as the store reported them; empty strings for those it did not report. */
  readonly etags: readonly string[];
  readonly file: Blob | null;
  /** Whether no other upload can have written to this key. */
  readonly isKeyOwn: boolean;
}

let hasWarned = false;

/** Loads the MD5 code; null if that fails. */
export async function loadDigests(): Promise<typeof partDigests | null> {
  try {
    return await import('./part-digests.js');
  } catch (error) {
    if (!hasWarned)
      console.warn('mule-upload: a module could not be loaded: stored objects are not recognised.', error);
    hasWarned = true;
    return null;
  }
}

/**
 * Determines whether an object under an upload's key is the one that the upload creates. A wrong yes would lose a file; a
 * wrong no only costs time. The evidence, best first: the object's checksum; an ETag made of the parts' MD5s; and, if
 * ETags are not MD5s (SSE-KMS), size and number of parts under a key that only this upload can have written.
 * @returns the evidence, or null for another object
 * @throws the signal's reason when aborted
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
export async function verifyObject(
  object: StoredObject,
  expected: ExpectedObject,
  signal: AbortSignal,
): Promise<Integrity | null> {
  const { checksum, plan, isMultipart } = expected;
  const stored = checksum && object.checksums[checksum.algorithm];
  // a composite checksum, which ends in `-` and the number of parts, cannot be compared with a full-object one
  if (stored && stored.includes('-') === checksum.value.includes('-'))
    return stored === checksum.value ? 'checksum' : null;
  if (object.size !== null && object.size !== plan.size) return null;
  if (isMultipart && object.etag && !object.etag.endsWith(`-${plan.count}`)) return null;
  const isSame = object.etag ? await compareEtag(object.etag, expected, signal) : null;
  if (isSame !== null) return isSame ? 'etag' : null;
  return expected.isKeyOwn && object.size === plan.size ? 'unverified' : null;
}

/** Whether an object's ETag is that of the file; null if this store's ETags are not MD5s, or the file cannot be read. */
async function compareEtag(
  etag: string,
  { plan, isMultipart, etags, file }: ExpectedObject,
  signal: AbortSignal,
): Promise<boolean | null> {
  const digests = await loadDigests();
  signal.throwIfAborted();
  if (!digests) return null;
  const { parseMd5Etag, md5OfPart, md5OfParts, multipartEtag } = digests;
  const stored = etags.map(parseMd5Etag);
  const hasEveryMd5 = isMultipart && stored.length === plan.count && !stored.includes(null);
  // the object is made of exactly the parts that the store confirmed
  if (hasEveryMd5 && multipartEtag(stored as Uint8Array[]) === etag.toLowerCase()) return true;
  if (!file) return null;
  try {
    if (hasEveryMd5) {
      // if one part's ETag is its MD5, those of all parts are, and so the object's ETag is conclusive
      const last = await md5OfPart(file, plan, plan.count, signal);
      return hex(last) === etags.at(-1)!.toLowerCase() ? false : null;
    }
    const own = await md5OfParts(file, plan, signal);
    if ((isMultipart ? multipartEtag(own) : hex(own[0]!)) === etag.toLowerCase()) return true;
    return own.some((digest, index) => hex(digest) === etags[index]?.toLowerCase()) ? false : null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** Whether a stored part is the file's; null if that cannot be determined. */
export type PartComparer = (part: StoredPart) => Promise<boolean | null>;

/**
 * Returns those listed parts that are proven to be the file's; the others have to be sent again. Needed for a file whose
 * modification time is not that of the file with which the upload began. It has the same fingerprint, but it may have
 * been edited between the samples, and an object must not mix parts of both. Parts sent in this page load need no proof.
 * @param isOwn compares checksums; null if none can be computed, and then MD5s are compared with ETags
 * @throws the signal's reason when aborted
 */
export async function verifiedParts(
  listed: Iterable<StoredPart>,
  table: PartTable,
  file: Blob,
  signal: AbortSignal,
  isOwn: PartComparer | null,
): Promise<StoredPart[]> {
  const digests = isOwn ? null : await loadDigests();
  const isProven = async (part: StoredPart): Promise<boolean> => {
    const { partNumber, etag, size } = part;
    if (table.isVerified(partNumber, etag)) return true;
    if (partNumber > table.plan.count || size !== table.sizeOf(partNumber)) return false;
    try {
      if (isOwn) return (await isOwn(part)) ?? false;
      if (!digests?.parseMd5Etag(etag)) return false;
      return hex(await digests.md5OfPart(file, table.plan, partNumber, signal)) === etag.toLowerCase();
    } catch {
      signal.throwIfAborted();
      return false; // sending the part reports the read error
    }
  };
  const proven: StoredPart[] = [];
  for (const part of listed) if (await isProven(part)) proven.push(part);
  return proven;
}
