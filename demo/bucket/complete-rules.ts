import type { Checksum, ChecksumPlan, ChecksumType } from './checksums.js';
import { S3Error } from './errors.js';
import type { StoredPart } from './parts.js';

/** A part in the list of a Complete request. */
export interface ListedPart {
  partNumber: number;
  etag: string;
  checksum: Checksum | null;
}

/** The conditions that a Complete request sets, and those that the store sets. */
export interface CompleteRules {
  mustBeNew: boolean;
  /** As documented for Cloudflare R2: all parts have one size; the last part may be smaller. */
  requiresEqualPartSizes: boolean;
  /** The object's checksum that the client has sent. */
  checksum: Checksum | null;
  /** The checksum type that the client has sent. */
  type: ChecksumType | null;
  /** The object's size in bytes that the client has sent; null if none. */
  size: number | null;
  /** Whether to compute the object's checksum from the data on disk. */
  readsFromDisk: boolean;
}

const isSameChecksum = (one: Checksum, other: Checksum | null): boolean =>
  one.algorithm === other?.algorithm && one.value === other.value;

/** @throws S3Error for a part without a checksum if the object needs a composite one */
function assertPartChecksum(plan: ChecksumPlan | null, partNumber: number, checksum: Checksum | null): void {
  if (plan?.type !== 'COMPOSITE' || checksum !== null) return;
  throw new S3Error(
    'InvalidRequest',
    `The upload was created using a ${plan.algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`,
  );
}

/** @throws S3Error if the client has sent another size */
export function assertObjectSize({ size: expected }: CompleteRules, size: number): void {
  if (expected === null || expected === size) return;
  throw new S3Error(
    'InvalidRequest',
    `The provided 'x-amz-mp-object-size' header value ${expected} does not match what was computed: ${size}`,
  );
}

/**
 * Returns the stored parts that a Complete request lists.
 * @throws S3Error InvalidPartOrder, InvalidPart, InvalidRequest
 */
export function selectParts(
  upload: { readonly id: string; readonly checksum?: ChecksumPlan | null },
  stored: ReadonlyMap<number, StoredPart>,
  listed: readonly ListedPart[],
): StoredPart[] {
  return listed.map(({ partNumber, etag, checksum }, index) => {
    if (index > 0 && listed[index - 1]!.partNumber >= partNumber) {
      throw new S3Error(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
        { UploadId: upload.id },
      );
    }
    const part = stored.get(partNumber);
    assertPartChecksum(upload.checksum ?? null, partNumber, checksum);
    const isSame = part?.etag === etag && (checksum === null || isSameChecksum(checksum, part.checksum));
    if (isSame) return part;
    throw new S3Error(
      'InvalidPart',
      'One or more of the specified parts could not be found, or its entity tag does not match.',
      {
        UploadId: upload.id,
        PartNumber: partNumber,
        ETag: etag,
      },
    );
  });
}
