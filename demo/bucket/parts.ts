import { createHash } from 'node:crypto';
import { MIN_PART_SIZE } from '../../src/limits.js';
import type { ChecksumAlgorithm } from '../../src/protocol.js';
import type { Checksum } from './checksums.js';
import { S3Error } from './errors.js';

/** One stored part; its file name contains all properties, so that one rename acknowledges it. */
export interface StoredPart {
  partNumber: number;
  size: number;
  /** Epoch milliseconds; of two with the same number, the later counts. */
  modified: number;
  /** Without quotes. */
  etag: string;
  checksum: Checksum | null;
  file: string;
}

/** Reads a part file's name; null for any other file. */
export function parsePartFile(file: string): StoredPart | null {
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

export function partFile({ partNumber, size, modified, etag, checksum }: Omit<StoredPart, 'file'>): string {
  const sum = checksum && `${checksum.algorithm}-${Buffer.from(checksum.value, 'base64').toString('hex')}`;
  return ['part', partNumber, size, modified, etag, sum].filter((item) => item !== null).join('-');
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

/** @throws S3Error EntityTooSmall; InvalidPart if sizes have to be equal and are not */
export function assertSizes(parts: readonly StoredPart[], equalPartSizes: boolean): void {
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
  const isEven = parts.every(({ size }, index) =>
    index < parts.length - 1 ? size === first!.size : size <= first!.size,
  );
  if (equalPartSizes && !isEven) throw new S3Error('InvalidPart', 'All non-trailing parts must have the same length.');
}
