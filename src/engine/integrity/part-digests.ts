/** MD5s of parts and multipart ETags. Loaded when an ETag must be compared with the file, which few page loads need. */
import { createBlockHashKernel } from '../hashing/block-hash-kernel.js';
import type { PartPlan } from '../model/part-plan.js';
import { hex } from '../util/bytes.js';
import { isMd5Etag } from './md5-etag.js';

const { md5 } = createBlockHashKernel();

/** Bytes that are hashed without a pause: this takes about 1 ms on a fast device, and less than 8 ms on a slow one. */
const SLICE_BYTES = 128 * 1024;

/**
 * Computes the MD5 of one part. The page can run other tasks while each slice is read.
 * @throws DOMException if the file cannot be read
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
  let nextSlice = read(start);
  for (let at = start; at < end;) {
    const bytes = new Uint8Array(await nextSlice);
    signal.throwIfAborted();
    if (!bytes.length) throw new DOMException('The file has become shorter', 'NotReadableError');
    at += bytes.length;
    // the next slice is read while this one is hashed
    nextSlice = at < end ? read(at) : nextSlice;
    // an abort leaves this promise without a handler
    nextSlice.catch(() => {});
    hash.update(bytes);
  }
  return hash.digest();
}

/** Computes the MD5s of all parts, in order. */
export async function md5OfParts(file: Blob, plan: PartPlan, signal: AbortSignal): Promise<Uint8Array[]> {
  const digests: Uint8Array[] = [];
  for (let partNumber = 1; partNumber <= plan.count; partNumber++)
    digests.push(await md5OfPart(file, plan, partNumber, signal));
  return digests;
}

/**
 * Returns the ETag of a multipart object: the MD5 of the parts' MD5s, `-`, and the number of parts. Objects encrypted
 * with KMS have other ETags.
 */
export function multipartEtag(digests: Iterable<Uint8Array>): string {
  const hash = md5();
  let count = 0;
  for (const digest of digests) {
    hash.update(digest);
    count++;
  }
  return `${hex(hash.digest())}-${count}`;
}

/** Parses an ETag that has the form of an MD5; null for any other. */
export function parseMd5Etag(etag: string | undefined): Uint8Array | null {
  if (!etag || !isMd5Etag(etag)) return null;
  return Uint8Array.from(etag.match(/../g)!, (pair) => parseInt(pair, 16));
}
