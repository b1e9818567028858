import { createHash } from 'node:crypto';
import { MIN_PART_SIZE } from '../../src/limits.js';
import type { ChecksumAlgorithm } from '../../src/protocol.js';
import type { Checksum } from './checksums.js';
import { S3Error } from './errors.js';

/** One stored part. The name of its file contains all properties, so that one rename stores the part and its properties. */
export interface StoredPart {
  partNumber: number;
  size: number;
  /** Epoch milliseconds. Of two parts with the same number, the later one is valid. */
  modified: number;
  /** Without quotes. */
  etag: string;
  checksum: Checksum | null;
  file: string;
}

/** Parses the name of a part's file; returns null for any other file. */
export function parsePartFileName(file: string): StoredPart | null {
  const match = /^part-(\d+)-(\d+)-(\d+)-([0-9a-f]{32})(?:-([a-z\d]+)-([0-9a-f]+))?$/.exec(file);
  if (!match) return null;
  const [, partNumber, size, modified, etag, algorithm, value] = match;
  const checksum =
    algorithm && value
      ? { algorithm: algorithm as ChecksumAlgorithm, value: Buffer.from(value, 'hex').toString('base64') }
      : null;
  return {
    partNumber: Number(partNumber),
    size: Number(size),
    modified: Number(modified),
    etag: etag!,
    checksum,
    file,
  };
}

/** Returns the name of a part's file. */
export function partFileName({ partNumber, size, modified, etag, checksum }: Omit<StoredPart, 'file'>): string {
  const checksumText = checksum && `${checksum.algorithm}-${Buffer.from(checksum.value, 'base64').toString('hex')}`;
  return ['part', partNumber, size, modified, etag, checksumText].filter((item) => item !== null).join('-');
}

/**
 * Returns the ETag of a multipart object: MD5 over the parts' MD5s, then their number.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function multipartEtag(parts: readonly StoredPart[]): string {
  const digest = createHash('md5');
  for (const { etag } of parts) digest.update(Buffer.from(etag, 'hex'));
  return `${digest.digest('hex')}-${parts.length}`;
}

/** @throws S3Error EntityTooSmall; InvalidPart if the store requires equal sizes and the parts' sizes differ */
export function assertPartSizes(parts: readonly StoredPart[], requiresEqualPartSizes: boolean): void {
  for (const { size, partNumber, etag } of parts.slice(0, -1)) {
    if (size < MIN_PART_SIZE) {
      throw new S3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        ProposedSize: size,
        MinSizeAllowed: MIN_PART_SIZE,
        PartNumber: partNumber,
        ETag: etag,
      });
    }
  }
  const [first] = parts;
  const areSizesEqual = parts.every(({ size }, index) =>
    index < parts.length - 1 ? size === first!.size : size <= first!.size,
  );
  if (requiresEqualPartSizes && !areSizesEqual)
    throw new S3Error('InvalidPart', 'All non-trailing parts must have the same length.');
}
