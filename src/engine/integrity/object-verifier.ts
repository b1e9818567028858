import type { ChecksumAlgorithm } from '../../protocol.js';
import { hex } from '../util/bytes.js';
import type * as partDigests from './part-digests.js';
import type { PartPlan } from '../model/part-plan.js';
import type { StoredObject } from '../s3/client.js';
import type { Integrity } from '../api/types.js';

/** What the object that an upload makes has to be like. */
export interface ExpectedObject {
  readonly plan: PartPlan;
  /** Whether it is made of parts. */
  readonly isMultipart: boolean;
  /** The whole object's own checksum, as the store tells it; null where none was agreed on, or none can be had. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | null;
  /** ETags of the parts as the store told them, in order; empty for those it did not tell. */
  readonly etags: readonly string[];
  readonly file: Blob | null;
  /** Whether nothing but this upload can have put anything under the key. */
  readonly isKeyOwn: boolean;
}

let hasWarned = false;

/** The hashes, where their module can be had. */
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
 * Tells whether an object that stands under an upload's key is what the upload would have made. A wrong yes would lose
 * a file; a wrong no costs time. Evidence in this order: the whole checksum; an ETag made of the parts' MD5s; and,
 * where ETags are no MD5s (SSE-KMS), size and number of parts under a key that is this upload's own.
 * @returns by which it is, or null where it is another's
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
  // one made of parts' checksums tells nothing of another kind
  if (stored && stored.includes('-') === checksum.value.includes('-'))
    return stored === checksum.value ? 'checksum' : null;
  if (object.size !== null && object.size !== plan.size) return null;
  if (isMultipart && object.etag && !object.etag.endsWith(`-${plan.count}`)) return null;
  const isTold = object.etag ? await compareEtag(object.etag, expected, signal) : null;
  if (isTold !== null) return isTold ? 'etag' : null;
  return expected.isKeyOwn && object.size === plan.size ? 'unverified' : null;
}

/** Whether the object's ETag is that of these bytes; null where the store's ETags tell nothing. */
async function compareEtag(
  etag: string,
  { plan, isMultipart, etags, file }: ExpectedObject,
  signal: AbortSignal,
): Promise<boolean | null> {
  const digests = await loadDigests();
  signal.throwIfAborted();
  if (!digests) return null;
  const { parseMd5Etag: digestOf, md5OfPart, md5OfParts, multipartEtag } = digests;
  const told = etags.map(digestOf);
  const isToldWhole = isMultipart && told.length === plan.count && !told.includes(null);
  // The store's own word for each part is as good as the parts: whatever they are, the object is made of these.
  if (isToldWhole && multipartEtag(told as Uint8Array[]) === etag.toLowerCase()) return true;
  if (!file) return null;
  try {
    if (isToldWhole) {
      // Where a part's ETag is its MD5, so are all of them, and the object's tells for certain.
      const last = await md5OfPart(file, plan, plan.count, signal);
      return hex(last) === etags.at(-1)!.toLowerCase() ? false : null;
    }
    const own = await md5OfParts(file, plan, signal);
    if ((isMultipart ? multipartEtag(own) : hex(own[0]!)) === etag.toLowerCase()) return true;
    return own.some((digest, index) => hex(digest) === etags[index]?.toLowerCase()) ? false : null;
  } catch {
    signal.throwIfAborted();
    return null; // the file cannot be read
  }
}
