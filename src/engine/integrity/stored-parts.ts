import { hex } from '../util/bytes.js';
import type { PartTable } from '../model/part-table.js';
import { loadDigests } from './object-verifier.js';
import type { StoredPart } from '../model/stored-part.js';

/** Tells whether a part is the file's; null where nobody can tell. */
export type PartComparer = (part: StoredPart) => Promise<boolean | null>;

/**
 * Leaves out those parts that the store lists and that cannot be shown to be this file's: the others are sent again.
 * For a file whose time is not that of the file which was begun. It has the same samples, so it may be a copy, or
 * have been edited between them; parts of both must not make one object. What was sent in this visit needs no proof.
 * @param isOwn judges by checksums; null where none can be computed: MD5s have to do
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
      return false; // unreadable: sending the part says so
    }
  };
  const proven: StoredPart[] = [];
  for (const part of listed) if (await isProven(part)) proven.push(part);
  return proven;
}
