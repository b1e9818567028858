/** Proves by checksums and ETags that a stored object, or stored parts, have the content of the file. */
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
  /**
   * Checksum of the whole object, computed from the file and written as the store does: a composite one ends in `-` and
   * the number of parts. Null if none was agreed on or computed.
   */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | null;
  /** ETags of the parts in order, as the store reported them; empty strings for those it did not report. */
  readonly etags: readonly string[];
  readonly file: Blob | null;
  /** Whether no other upload can have written to this key. */
  readonly isKeyExclusive: boolean;
}

let hasWarned = false;

/** Loads the MD5 code; null if that fails. */
export async function loadPartDigests(): Promise<typeof partDigests | null> {
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
 * Determines whether an object under an upload's key is the one that the upload creates. A false positive would lose a
 * file; a false negative only costs time. The evidence, best first: the object's checksum; an ETag made of the parts' MD5s;
 * and, if ETags are not MD5s (SSE-KMS), size and number of parts under a key that only this upload can have written.
 * @returns the evidence; null if it is another object, or nothing proves that it is this one
 * @throws the signal's reason when aborted
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
export async function verifyObject(
  object: StoredObject,
  expected: ExpectedObject,
  signal: AbortSignal,
): Promise<Integrity | null> {
  const { checksum, plan, isMultipart } = expected;
  const storedChecksum = checksum && object.checksums[checksum.algorithm];
  // a composite checksum cannot be compared with a full-object one
  if (storedChecksum && storedChecksum.includes('-') === checksum.value.includes('-'))
    return storedChecksum === checksum.value ? 'checksum' : null;
  if (object.size !== null && object.size !== plan.size) return null;
  if (isMultipart && object.etag && !object.etag.endsWith(`-${plan.count}`)) return null;
  const isSame = object.etag ? await compareEtag(object.etag, expected, signal) : null;
  if (isSame !== null) return isSame ? 'etag' : null;
  return expected.isKeyExclusive && object.size === plan.size ? 'unverified' : null;
}

/** Whether an object's ETag is that of the file; null if this store's ETags are not MD5s, or the file cannot be read. */
async function compareEtag(
  etag: string,
  { plan, isMultipart, etags, file }: ExpectedObject,
  signal: AbortSignal,
): Promise<boolean | null> {
  const digests = await loadPartDigests();
  signal.throwIfAborted();
  if (!digests) return null;
  const { parseMd5Etag, md5OfPart, md5OfParts, multipartEtag } = digests;
  const etagDigests = etags.map(parseMd5Etag);
  const lookLikeMd5s = isMultipart && etagDigests.length === plan.count && !etagDigests.includes(null);
  // the object consists of exactly the parts that the store confirmed
  if (lookLikeMd5s && multipartEtag(etagDigests as Uint8Array[]) === etag.toLowerCase()) return true;
  if (!file) return null;
  try {
    // an object with another ETag is another one if this store's ETags are MD5s: one part whose ETag is its MD5 proves that
    if (lookLikeMd5s) {
      const lastDigest = await md5OfPart(file, plan, plan.count, signal);
      const areMd5s = hex(lastDigest) === etags.at(-1)!.toLowerCase();
      return areMd5s ? false : null;
    }
    const fileDigests = await md5OfParts(file, plan, signal);
    if ((isMultipart ? multipartEtag(fileDigests) : hex(fileDigests[0]!)) === etag.toLowerCase()) return true;
    const areMd5s = fileDigests.some((digest, index) => hex(digest) === etags[index]?.toLowerCase());
    return areMd5s ? false : null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** Returns whether a stored part is equal to the file's part; null if that cannot be determined. */
export type PartComparer = (part: StoredPart) => Promise<boolean | null>;

/**
 * Returns those listed parts that are proven to be the file's; the others have to be sent again. Needed if the file's
 * modification time has changed since the upload began: the fingerprint of a large file covers only its start, middle and
 * end, so the file may have been edited elsewhere, and an object must not mix parts of two versions. Parts sent in this page load need no proof.
 * @param comparePart compares checksums; null if none can be computed: MD5s are then compared with ETags
 * @throws the signal's reason when aborted
 */
export async function verifiedParts(
  listed: Iterable<StoredPart>,
  table: PartTable,
  file: Blob,
  signal: AbortSignal,
  comparePart: PartComparer | null,
): Promise<StoredPart[]> {
  const digests = comparePart ? null : await loadPartDigests();
  const isProven = async (part: StoredPart): Promise<boolean> => {
    const { partNumber, etag, size } = part;
    if (table.isVerified(partNumber, etag)) return true;
    if (partNumber > table.plan.count || size !== table.sizeOf(partNumber)) return false;
    try {
      if (comparePart) return (await comparePart(part)) ?? false;
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
