/** Loaded when an object's ETag has to be held against the file, which most visits never need. */
import { createBlockHashKernel } from '../hashing/block-hash-kernel.js';
import type { PartPlan } from '../model/part-plan.js';
import { hex } from '../util/bytes.js';

const { md5 } = createBlockHashKernel();

/** Bytes hashed at a stretch: about 1 ms on a fast machine, and under 8 ms on a slow one. */
const SLICE_BYTES = 128 * 1024;

/**
 * Gives the MD5 of one part. Reading each slice gives the page its turn in between.
 * @throws DOMException when the file cannot be read
 * @throws the signal's reason when aborted
 */
export async function md5OfPart(
  file: Blob,
  plan: PartPlan,
  partNumber: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { start, end } = plan.range(partNumber);
  const hash = md5();
  const read = (at: number): Promise<ArrayBuffer> => file.slice(at, Math.min(at + SLICE_BYTES, end)).arrayBuffer();
  let next = read(start);
  for (let at = start; at < end;) {
    const bytes = new Uint8Array(await next);
    signal.throwIfAborted();
    if (!bytes.length) throw new DOMException('The file has become shorter', 'NotReadableError');
    at += bytes.length;
    // the next slice is read while this one is hashed
    next = at < end ? read(at) : next;
    // where this loop ends early, nobody waits for it
    next.catch(() => {});
    hash.update(bytes);
  }
  return hash.digest();
}

/** Gives the MD5s of all parts in order. */
export async function md5OfParts(file: Blob, plan: PartPlan, signal: AbortSignal): Promise<Uint8Array[]> {
  const digests: Uint8Array[] = [];
  for (let partNumber = 1; partNumber <= plan.count; partNumber++)
    digests.push(await md5OfPart(file, plan, partNumber, signal));
  return digests;
}

/** The ETag that S3 gives to an object of such parts, encrypted ones aside: the MD5 of their MD5s, and how many. */
export function multipartEtag(digests: Iterable<Uint8Array>): string {
  const hash = md5();
  let count = 0;
  for (const digest of digests) {
    hash.update(digest);
    count++;
  }
  return `${hex(hash.digest())}-${count}`;
}

/** Reads an ETag that has the form of an MD5; null for any other. */
export function parseMd5Etag(etag: string | undefined): Uint8Array | null {
  if (!etag || !/^[\da-f]{32}$/i.test(etag)) return null;
  return Uint8Array.from(etag.match(/../g)!, (pair) => parseInt(pair, 16));
}
