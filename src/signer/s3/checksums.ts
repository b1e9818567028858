/**
 * The checksums that a store can verify, by their S3 names.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
import type { ChecksumAlgorithm } from '../../protocol.js';
import { SignerRefusal } from '../util/refusal.js';

/** An algorithm and its value: base64 of the big-endian bytes. */
export interface Checksum {
  algorithm: ChecksumAlgorithm;
  value: string;
}

/** Bytes of a value. */
const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = { crc64nvme: 8, crc32c: 4, crc32: 4, sha256: 32 };

/** Every algorithm, best first. */
export const CHECKSUM_ALGORITHMS = Object.keys(CHECKSUM_BYTES) as readonly ChecksumAlgorithm[];

/** UTF-16 units. Longer than any value. */
export const MAX_CHECKSUM_LENGTH = 64;

export const isChecksumAlgorithm = (value: unknown): value is ChecksumAlgorithm =>
  typeof value === 'string' && Object.hasOwn(CHECKSUM_BYTES, value);

/** The type for a multipart upload. CRCs of parts combine into one of the whole object; SHA-256 does not. */
export const checksumTypeOf = (algorithm: ChecksumAlgorithm): 'FULL_OBJECT' | 'COMPOSITE' =>
  algorithm === 'sha256' ? 'COMPOSITE' : 'FULL_OBJECT';

/** The header with the checksum of the whole object, for CompleteMultipartUpload. */
export const checksumHeader = ({ algorithm, value }: Checksum): Record<string, string> => ({
  [`x-amz-checksum-${algorithm}`]: value,
});

/** The headers for a request with a body. Ceph 20 verifies the checksum only if the algorithm is named too. */
export const bodyChecksumHeaders = (checksum: Checksum): Record<string, string> => ({
  'x-amz-sdk-checksum-algorithm': checksum.algorithm.toUpperCase(),
  ...checksumHeader(checksum),
});

/**
 * Checks a checksum value that the browser sent.
 * @param agreed the algorithm of the grant
 * @param field names the value in the refusal
 * @throws SignerRefusal 400 if the grant has no algorithm, or the value is not base64 of its length
 */
export function parseChecksumValue(
  agreed: ChecksumAlgorithm | null,
  value: string | undefined,
  field: string,
): Checksum | null {
  if (value === undefined) return null;
  if (agreed === null)
    throw new SignerRefusal(400, 'checksum-not-agreed', `${field}: this upload was granted without a checksum.`);
  if (isBase64Of(CHECKSUM_BYTES[agreed], value)) return { algorithm: agreed, value };
  const expected = `base64 of the ${CHECKSUM_BYTES[agreed]} bytes of a ${agreed}`;
  throw new SignerRefusal(400, 'invalid-checksum', `${field} must be ${expected}.`);
}

function isBase64Of(bytes: number, text: string): boolean {
  const digits = Math.ceil((bytes * 4) / 3);
  return new RegExp(`^[A-Za-z\\d+/]{${digits}}={${(4 - (digits % 4)) % 4}}$`).test(text);
}
