import { MIN_PART_SIZE } from '../../limits.js';
import { concat, hex } from '../util/bytes.js';

/** Bytes of each sample. */
const SAMPLE_BYTES = 64 * 1024;
/** Bytes of the largest file that is read whole. */
export const MAX_FULLY_HASHED_BYTES = SAMPLE_BYTES * 3;

/**
 * 64 bits that are enough to tell files apart where the page has no WebCrypto (plain `http:`): FNV-1a.
 * @see https://www.rfc-editor.org/rfc/rfc9923
 */
function weakHash(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `w-${hash.toString(36)}`;
}

const bytesOf = async (blob: Blob): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await blob.arrayBuffer());

/**
 * Whether name, size and time are enough: nothing of it is stored before all is, so there is nothing to be mixed with,
 * and the browser itself refuses to read it once its time has changed. Desktop Chromium does; Firefox reads on, and
 * what Android hands over often has no time. Three samples of 200 files cost as much as to send a MiB of each.
 * @see https://w3c.github.io/FileAPI/#snapshot-state
 */
export const isKnownByTime = (file: Blob): file is File =>
  // a File of another frame is no instance of ours
  'lastModified' in file && file.size <= MIN_PART_SIZE && detectsChangedFiles();

/** Of a browser that does not say what it is, nothing is expected. */
const detectsChangedFiles = (): boolean =>
  (navigator as { userAgentData?: { mobile: boolean } }).userAgentData?.mobile === false;

/**
 * Gives what a file is recognised by when it is chosen again: a hash of its size and of samples of its head, middle
 * and tail. Costs milliseconds at any size.
 *
 * Of a file that `isKnownByTime` that is its name, size and time, and nothing is read.
 *
 * Of all others neither name nor time count: copying, moving to another disk, syncing and touching a file change
 * them, and its bytes not; a stick that keeps times by two seconds changes them just by being unplugged. The price: a
 * large file that was changed in place, to the byte of the same size and between the samples, is taken for the one
 * that was begun. So this opens the gate and proves nothing. What proves it is the comparison of the parts that the
 * store holds with the file, by their checksums.
 * @param read gives the bytes of a file of up to three samples
 * @throws DOMException when the file cannot be read
 */
export async function fingerprint(file: Blob, read = bytesOf): Promise<string> {
  const { size } = file;
  const encoder = new TextEncoder();
  // its path is not part of it: a file that comes from a handle, or from the browser's database, has none
  if (isKnownByTime(file)) return weakHash(encoder.encode(`${size} ${file.lastModified} ${file.name}`));
  const head = encoder.encode(`${size} `);
  const starts = [0, Math.floor((size - SAMPLE_BYTES) / 2), size - SAMPLE_BYTES].map((start) => Math.max(0, start));
  const samples =
    size <= MAX_FULLY_HASHED_BYTES
      ? [await read(file)]
      : await Promise.all(starts.map((start) => bytesOf(file.slice(start, start + SAMPLE_BYTES))));
  const bytes = concat([head, ...samples]);
  if (!globalThis.crypto?.subtle) return weakHash(bytes);
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
