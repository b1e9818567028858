import { MAX_PART_SIZE, MAX_PARTS, MIN_PART_SIZE } from '../../limits.js';

/** Division of a file into parts. Part numbers begin at 1; a part is the bytes `[start, end)`. */
export interface PartPlan {
  readonly size: number;
  readonly partSize: number;
  /** Number of parts, 1 or more: an empty file has one empty part. */
  readonly count: number;
  range(partNumber: number): { start: number; end: number };
}

/**
 * Splits a file into parts that S3 accepts. Takes the same time and memory for 1 part and for 10,000.
 * @param size bytes, 0 or more
 * @param partSize bytes, from the signer's answer
 * @throws RangeError above 10,000 parts, and for part sizes that S3 rejects
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */
export function planParts(size: number, partSize: number): PartPlan {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is not a file size`);
  if (!Number.isSafeInteger(partSize) || partSize < 1 || partSize > MAX_PART_SIZE) {
    throw new RangeError(`${partSize} is not a part size: S3 accepts up to ${MAX_PART_SIZE} bytes`);
  }
  const count = Math.max(1, Math.ceil(size / partSize));
  if (count > 1 && partSize < MIN_PART_SIZE) {
    throw new RangeError(`parts of ${partSize} bytes are too small: S3 accepts ${MIN_PART_SIZE} and more`);
  }
  if (count > MAX_PARTS)
    throw new RangeError(`${size} bytes in parts of ${partSize} are ${count} parts: S3 accepts ${MAX_PARTS}`);
  return {
    size,
    partSize,
    count,
    range(partNumber) {
      if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > count) {
        throw new RangeError(`no part ${partNumber} among ${count}`);
      }
      const start = (partNumber - 1) * partSize;
      return { start, end: Math.min(start + partSize, size) };
    },
  };
}
