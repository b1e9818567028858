import { MIN_PART_SIZE } from '../../limits.js';
import { concat, hex } from '../util/bytes.js';

/** Size of each of the three samples of a file. */
const SAMPLE_BYTES = 64 * 1024;
/** Files up to this size are hashed completely, larger files by samples. */
const MAX_FULLY_HASHED_BYTES = SAMPLE_BYTES * 3;

/**
 * Returns a 64-bit hash (FNV-1a) for pages without WebCrypto (plain `http:`). It is enough to distinguish files.
 * @see https://www.rfc-editor.org/rfc/rfc9923
 */
function weakHash(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `w-${hash.toString(36)}`;
}

const readBytes = async (blob: Blob): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await blob.arrayBuffer());

/**
 * Whether a file is identified by name, size and modification time, without reading it.
 *
 * That is enough for a file of a single part, because two versions cannot be mixed in one object. The browser must also
 * refuse to read a file whose modification time has changed: desktop Chromium does, Firefox does not, and Android often
 * reports no time. Not reading saves time: samples of 200 files take as long to read as 1 MiB of each takes to send.
 * @see https://w3c.github.io/FileAPI/#snapshot-state
 */
export const isIdentifiedByTime = (file: Blob): file is File =>
  // `instanceof File` fails for a File of another frame
  'lastModified' in file && file.size <= MIN_PART_SIZE && canDetectChangedFiles();

let isDesktopChromium: boolean | null = null;

/** Whether the browser is desktop Chromium; other browsers have no `userAgentData`. */
const canDetectChangedFiles = (): boolean =>
  (isDesktopChromium ??= (navigator as { userAgentData?: { mobile: boolean } }).userAgentData?.mobile === false);

/** Whether a file is read as a whole for its fingerprint, and then sent from memory. */
export const isReadWhole = (file: Blob): boolean => file.size <= MAX_FULLY_HASHED_BYTES && !isIdentifiedByTime(file);

/**
 * Returns a fingerprint by which a file is recognised when it is chosen again. Takes milliseconds for a file of any size.
 *
 * If `isIdentifiedByTime`, the fingerprint is a hash of name, size and modification time, and nothing is read. For all
 * other files, it is a hash of the size and of samples of the file's start, middle and end.
 *
 * The samples leave out name and time, because copying, syncing or touching a file changes these but not its bytes. Even
 * unplugging a FAT drive changes the time, which it rounds to two seconds. The disadvantage: a large file that was edited
 * between the samples, and kept its size, has the same fingerprint. So the fingerprint only selects an upload to resume.
 * Comparing the stored parts' checksums with the file then proves that it is the same.
 * @param read returns the bytes of a file of up to three samples
 * @throws DOMException if the file cannot be read
 */
export async function fingerprint(file: Blob, read = readBytes): Promise<string> {
  const { size } = file;
  const encoder = new TextEncoder();
  // the path is left out, because a file from a handle or from IndexedDB has none
  if (isIdentifiedByTime(file)) return weakHash(encoder.encode(`${size} ${file.lastModified} ${file.name}`));
  const head = encoder.encode(`${size} `);
  const starts = [0, Math.floor((size - SAMPLE_BYTES) / 2), size - SAMPLE_BYTES].map((start) => Math.max(0, start));
  const samples =
    size <= MAX_FULLY_HASHED_BYTES
      ? [await read(file)]
      : await Promise.all(starts.map((start) => readBytes(file.slice(start, start + SAMPLE_BYTES))));
  const bytes = concat([head, ...samples]);
  if (!globalThis.crypto?.subtle) return weakHash(bytes);
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
