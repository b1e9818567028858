/** Flips one bit of a received body on its way to the disk. */
export interface BitFlip {
  /** Number of the part; 0 for objects sent in one request; null for any part or object. */
  partNumber: number | null;
  /** `before` hashing, ETag and checksums match the wrong bytes; `after` hashing, the right ones. */
  when: 'before' | 'after';
  /** The number of bodies to flip a bit of. */
  times: number;
}

/** How the bucket behaves. A count goes down each time, and ends at 0. */
export interface Behaviour {
  /** Whether 403 responses have CORS headers. Without them, a page sees a network error, as with Ceph and Swift. */
  hasCorsOnErrors: boolean;
  /** Whether the credentials may list the bucket. If not, a request for a missing key gets 403 instead of 404. */
  mayListBucket: boolean;
  /** Whether ETags differ from the MD5, as with objects encrypted by SSE-KMS. */
  hasOpaqueEtags: boolean;
  /** How many conditional writes (If-None-Match) get 409, as during another write. */
  conditionalConflictCount: number;
  /** How many Complete requests get 200 with an `<Error>` body, and complete nothing. */
  completeErrorCount: number;
  /** Time until Complete has its result; in the meantime, white space keeps the connection alive. */
  completeDelayMs: number;
  /** Whether Complete rejects parts of different sizes; the last part may be smaller. */
  requiresEqualPartSizes: boolean;
  /** Whether POST policies are accepted. */
  acceptsPost: boolean;
  /** Whether the bucket verifies and stores `x-amz-checksum-…`. If not, it ignores these headers, as Ceph 16 does. */
  supportsChecksums: boolean;
  /** Imitates faulty memory; null for none. */
  bitFlip: BitFlip | null;
  /** Whether the bucket rejects `x-amz-*` headers that are not signed, as Amazon S3 does. */
  refusesUnsignedHeaders: boolean;
  /** Whether the bucket applies canned ACLs, and lets everybody read `public-read` objects. If not, it ignores ACLs. */
  supportsAcls: boolean;
  /** Which header that limits a copy (`x-amz-copy-source`) the bucket respects; null if it copies no objects. */
  copies: { respects: 'range' | 'condition' } | null;
  /** Whether Complete computes an object's checksum from the data on disk, not from the parts' checksums. */
  completeReadsFromDisk: boolean;
}

const DEFAULT: Behaviour = {
  hasCorsOnErrors: true,
  mayListBucket: true,
  hasOpaqueEtags: false,
  conditionalConflictCount: 0,
  completeErrorCount: 0,
  completeDelayMs: 0,
  requiresEqualPartSizes: false,
  acceptsPost: true,
  supportsChecksums: true,
  refusesUnsignedHeaders: true,
  supportsAcls: false,
  copies: null,
  bitFlip: null,
  completeReadsFromDisk: false,
};

/** A store that acts on unsigned headers. */
const ALLOWS_UNSIGNED_HEADERS: Behaviour = { ...DEFAULT, refusesUnsignedHeaders: false, supportsAcls: true };

/**
 * Other stores that the bucket imitates, as their documentation says; except `ceph16`, not compared with the service.
 * - `aws`: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html (403 without ListBucket)
 * - `r2`: https://developers.cloudflare.com/r2/objects/multipart-objects/ (equal parts),
 *   https://developers.cloudflare.com/r2/api/s3/presigned-urls/ (no POST)
 * - `ceph16`: measured on Ceph 16.2: headers take effect whether signed or not, and a copy respects
 *   `x-amz-copy-source-range`, not `x-amz-copy-source-if-match`
 * - `minio`: https://github.com/pgsty/silo/pull/173 (all headers take effect; a copy respects the condition)
 */
export const PROFILES = {
  default: DEFAULT,
  aws: { ...DEFAULT, mayListBucket: false },
  r2: { ...DEFAULT, requiresEqualPartSizes: true, acceptsPost: false },
  ceph16: {
    ...ALLOWS_UNSIGNED_HEADERS,
    hasCorsOnErrors: false,
    supportsChecksums: false,
    copies: { respects: 'range' },
  },
  minio: { ...ALLOWS_UNSIGNED_HEADERS, copies: { respects: 'condition' } },
} as const satisfies Record<string, Behaviour>;

/**
 * Returns when to flip a bit of a part, and counts `times` down; null if this part has no flip. Part 0 is an object sent in
 * one request.
 */
export function takeBitFlip({ bitFlip }: Behaviour, partNumber: number): BitFlip['when'] | null {
  if (!bitFlip || bitFlip.times < 1 || (bitFlip.partNumber ?? partNumber) !== partNumber) return null;
  bitFlip.times -= 1;
  return bitFlip.when;
}

export type Profile = keyof typeof PROFILES;
