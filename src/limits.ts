/**
 * S3's limits, and part sizes computed from them. Shared by engine, element and signer, because browser and signer must
 * compute the same sizes to the byte.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */

const KIB = 1024;
export const MIB = KIB ** 2;
export const GIB = KIB ** 3;

/** Minimum size of every part but the last, in bytes. */
export const MIN_PART_SIZE = 5 * MIB;
/** Maximum size of a part, and of an object that is stored by one PUT, in bytes. */
export const MAX_PART_SIZE = 5 * GIB;
export const MAX_PARTS = 10_000;
/** 10,000 parts of 5 GiB (48.8 TiB), in bytes. Amazon's limit since December 2025; 5 TiB before, and in other stores. */
export const MAX_OBJECT_SIZE = MAX_PARTS * MAX_PART_SIZE;

/** Bytes per part, unless the file's size or the speed requires more. */
export const DEFAULT_PART_SIZE = 8 * MIB;
/** The part size is raised for files of more parts than this, which leaves a reserve below S3's 10,000. */
const TARGET_PARTS = 9_000;

/**
 * Returns the bytes per part: the preferred size, or a larger one in whole MiB if the file would have too many parts.
 * @param size bytes of the file
 * @param preferred bytes per part; raised to at least 5 MiB, lowered to at most 5 GiB
 * @throws RangeError above 10,000 parts of 5 GiB
 */
export function choosePartSize(size: number, preferred = DEFAULT_PART_SIZE): number {
  if (size > MAX_OBJECT_SIZE) throw new RangeError(`${size} bytes are more than S3's ${MAX_OBJECT_SIZE}`);
  const allowed = Math.min(Math.max(Math.floor(preferred), MIN_PART_SIZE), MAX_PART_SIZE);
  if (size <= allowed * TARGET_PARTS) return allowed;
  const required = Math.ceil(size / TARGET_PARTS / MIB) * MIB;
  return Math.min(Math.max(required, allowed), MAX_PART_SIZE);
}

/**
 * Returns the exact size of one part in bytes. All parts but the last have the same size. Part numbers begin at 1.
 * @throws RangeError if a file of this size has no such part
 */
export function partSizeOf(partNumber: number, size: number, partSize: number): number {
  const start = (partNumber - 1) * partSize;
  const isFirst = partNumber === 1;
  if (!Number.isInteger(partNumber) || start < 0 || (start >= size && !isFirst)) {
    throw new RangeError(`a file of ${size} bytes in parts of ${partSize} has no part ${partNumber}`);
  }
  return Math.min(partSize, size - start);
}

const BYTES_PER_UNIT: Record<string, number> = {
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
 * Parses a size: bytes, or a number with a unit. `kB MB GB TB` are decimal, `KiB MiB GiB TiB` binary.
 * @returns bytes, rounded to a whole number
 * @throws TypeError with the value
 */
export function parseSize(value: string | number): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value));
  const unit = match && BYTES_PER_UNIT[match[2]!.toLowerCase()];
  if (!match || !unit)
    throw new TypeError(`"${value}" is not a size: use bytes, or a number with kB, MB, GB, TB, KiB, MiB, GiB or TiB`);
  const bytes = Math.round(Number(match[1]) * unit);
  if (!Number.isSafeInteger(bytes)) throw new TypeError(`the size "${value}" is too large`);
  return bytes;
}
