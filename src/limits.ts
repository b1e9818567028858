/**
 * S3's limits and the sizes that both sides reckon with. A leaf beside `protocol.ts`: the engine, the element and
 * the signer must agree on this arithmetic to the byte, and the signer may not import the engine.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */

const KIB = 1024;
export const MIB = KIB ** 2;
export const GIB = KIB ** 3;

/** Bytes; every part but the last has at least this many. */
export const MIN_PART_SIZE = 5 * MIB;
/** Bytes; also the largest object that one PUT can store. */
export const MAX_PART_SIZE = 5 * GIB;
export const MAX_PARTS = 10_000;
/** Bytes: 10,000 parts of 5 GiB, 48.8 TiB. Amazon's "50 TB" since December 2025; 5 TiB before that and elsewhere. */
export const MAX_OBJECT_SIZE = MAX_PARTS * MAX_PART_SIZE;

/** Bytes per part unless size or speed call for more. */
export const DEFAULT_PART_SIZE = 8 * MIB;
/** Above so many parts the default part size is raised; the rest of S3's 10,000 is kept in reserve. */
const COMFORTABLE_PARTS = 9_000;

/**
 * Chooses the bytes per part: the wish, raised as far as the part limits need, in whole MiB where it is raised.
 * @param size bytes of the file
 * @param wish bytes per part; held between 5 MiB and 5 GiB
 * @throws RangeError above 10,000 parts of 5 GiB
 */
export function choosePartSize(size: number, wish = DEFAULT_PART_SIZE): number {
  if (size > MAX_OBJECT_SIZE) throw new RangeError(`${size} bytes are more than S3's ${MAX_OBJECT_SIZE}`);
  const wanted = Math.min(Math.max(Math.floor(wish), MIN_PART_SIZE), MAX_PART_SIZE);
  if (size <= wanted * COMFORTABLE_PARTS) return wanted;
  const needed = Math.ceil(size / COMFORTABLE_PARTS / MIB) * MIB;
  return Math.min(Math.max(needed, wanted), MAX_PART_SIZE);
}

/**
 * Gives the exact size of one part: all are alike but the last. Part numbers begin at 1.
 * @throws RangeError for a number that a file of this size has no part for
 */
export function partSizeOf(partNumber: number, size: number, partSize: number): number {
  const start = (partNumber - 1) * partSize;
  const isFirst = partNumber === 1;
  if (!Number.isInteger(partNumber) || start < 0 || (start >= size && !isFirst)) {
    throw new RangeError(`no part ${partNumber} in ${size} bytes by ${partSize}`);
  }
  return Math.min(partSize, size - start);
}

const UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: KIB,
  mib: MIB,
  gib: GIB,
  tib: KIB ** 4,
};

/**
 * Reads a size: bytes, or a number with a unit; `kB MB GB TB` are decimal, `KiB MiB GiB TiB` binary.
 * @returns whole bytes, 0 or more
 * @throws TypeError naming the value
 */
export function parseSize(value: string | number): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value));
  const unit = match && UNITS[match[2]!.toLowerCase()];
  if (!match || !unit)
    throw new TypeError(`"${value}" is no size: bytes, or a number with kB, MB, GB, TB, KiB, MiB, GiB or TiB`);
  const bytes = Math.floor(Number(match[1]) * unit);
  if (!Number.isSafeInteger(bytes)) throw new TypeError(`"${value}" is too large a size`);
  return bytes;
}
