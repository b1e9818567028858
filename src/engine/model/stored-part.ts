import type { ChecksumAlgorithm } from '../../protocol.js';

/** Checksums that S3 reports, base64. A composite of the parts' checksums ends with `-` and the number of parts. */
export type StoredChecksums = Readonly<Partial<Record<ChecksumAlgorithm, string>>>;

/** A part that S3 holds. */
export interface StoredPart {
  partNumber: number;
  /** Bytes. */
  size: number;
  /** Without quotes. */
  etag: string;
  /** Only if ListParts reports any. */
  checksums?: StoredChecksums;
}
