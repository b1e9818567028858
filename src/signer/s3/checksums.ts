/**
 * The checksums that a store can be made to verify, as S3 names them.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
import type { ChecksumAlgorithm } from '../../protocol.js';
import { SignerRefusal } from '../util/refusal.js';

/** An algorithm and base64 of the big-endian value. */
export interface Checksum {
  algorithm: ChecksumAlgorithm;
  value: string;
}

/** Bytes of a value. */
const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = { crc64nvme: 8, crc32c: 4, crc32: 4, sha256: 32 };

/** Every algorithm, best first. */
export const CHECKSUM_ALGORITHMS = Object.keys(CHECKSUM_BYTES) as readonly ChecksumAlgorithm[];

/** UTF-16 units; longer than any value. */
export const MAX_CHECKSUM_LENGTH = 64;

export const isChecksumAlgorithm = (value: unknown): value is ChecksumAlgorithm =>
  typeof value === 'string' && Object.hasOwn(CHECKSUM_BYTES, value);

/** Of a multipart upload: CRCs of parts combine to one of the whole object, SHA-256 does not. */
export const checksumTypeOf = (algorithm: ChecksumAlgorithm): 'FULL_OBJECT' | 'COMPOSITE' =>
  algorithm === 'sha256' ? 'COMPOSITE' : 'FULL_OBJECT';

/** Of the whole object, for Complete. */
export const checksumHeader = ({ algorithm, value }: Checksum): Record<string, string> => ({
  [`x-amz-checksum-${algorithm}`]: value,
});

/** Of a body that is sent along: some stores (Ceph 20) verify it only where the algorithm is named besides. */
export const bodyChecksumHeaders = (checksum: Checksum): Record<string, string> => ({
  'x-amz-sdk-checksum-algorithm': checksum.algorithm.toUpperCase(),
  ...checksumHeader(checksum),
});

/**
 * Checks a value that the browser sent.
 * @param agreed what init's grant names
 * @param field for the refusal
 * @throws SignerRefusal 400 where none was agreed on, or it is no base64 of that many bytes
 */
export function parseChecksumValue(
  agreed: ChecksumAlgorithm | null,
  value: string | undefined,
  field: string,
): Checksum | null {
  if (value === undefined) return null;
  if (agreed === null)
    throw new SignerRefusal(400, 'checksum-not-agreed', `${field}: no checksum was agreed on for this upload.`);
  if (isBase64Of(CHECKSUM_BYTES[agreed], value)) return { algorithm: agreed, value };
  const expected = `base64 of the ${CHECKSUM_BYTES[agreed]} bytes of a ${agreed}`;
  throw new SignerRefusal(400, 'invalid-checksum', `${field} has to be ${expected}.`);
}

function isBase64Of(bytes: number, text: string): boolean {
  const digits = Math.ceil((bytes * 4) / 3);
  return new RegExp(`^[A-Za-z\\d+/]{${digits}}={${(4 - (digits % 4)) % 4}}$`).test(text);
}
