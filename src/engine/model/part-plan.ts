import { MAX_PART_SIZE, MAX_PARTS, MIN_PART_SIZE } from '../../limits.js';

/** How a file is cut: part n is the bytes `[start, end)`; part numbers begin at 1. */
export interface PartPlan {
  readonly size: number;
  readonly partSize: number;
  /** 1 or more: an empty file has one empty part. */
  readonly count: number;
  range(partNumber: number): { start: number; end: number };
}

/**
 * Cuts a file into parts that S3 accepts. Costs the same for 1 part and for 10,000.
 * @param size bytes, 0 or more
 * @param partSize bytes, as the signer's answer has it
 * @throws RangeError for more than 10,000 parts, or parts that S3 refuses
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */
export function planParts(size: number, partSize: number): PartPlan {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is no file size`);
  if (!Number.isSafeInteger(partSize) || partSize < 1 || partSize > MAX_PART_SIZE) {
    throw new RangeError(`${partSize} is no part size: S3 takes parts of up to ${MAX_PART_SIZE} bytes`);
  }
  const count = Math.max(1, Math.ceil(size / partSize));
  if (count > 1 && partSize < MIN_PART_SIZE) {
    throw new RangeError(`parts of ${partSize} bytes are too small: S3 takes ${MIN_PART_SIZE} and more`);
  }
  if (count > MAX_PARTS)
    throw new RangeError(`${size} bytes by ${partSize} make ${count} parts: S3 takes ${MAX_PARTS}`);
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
