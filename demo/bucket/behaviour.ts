/** Flips one bit of a received body on its way to the disk. */
export interface BitFlip {
  /** Number of the part; 0 for objects sent by one request; null for any. */
  partNumber: number | null;
  /** Before hashing: ETag and checksums are those of the wrong bytes. After: those of the right ones. */
  when: 'before' | 'after';
  /** How often; then no more. */
  times: number;
}

/** How a store differs from the default one. A count is the number of times that the store does it. */
export interface Behaviour {
  /** CORS headers on errors too; if off, a page sees a 403 as a network error, as with Ceph and Swift. */
  corsOnErrors: boolean;
  /** Whether the credentials may list the bucket; off, a missing key answers 403 instead of 404. */
  mayListBucket: boolean;
  /** ETags that are not MD5s, as with objects encrypted by SSE-KMS. */
  opaqueEtags: boolean;
  /** How many conditional writes (If-None-Match) answer 409, as during another write. */
  conditionalConflicts: number;
  /** How many Complete requests answer 200 with an `<Error>` body and complete nothing. */
  completeErrors: number;
  /** Milliseconds until Complete answers; white space keeps the connection alive meanwhile. */
  completeDelay: number;
  /** Complete rejects parts that are not all of one size, except the last. */
  equalPartSizes: boolean;
  /** Whether POST policies are accepted. */
  takesPost: boolean;
  /** Whether it verifies and stores `x-amz-checksum-…`; if off, it ignores them, as Ceph 16 does. */
  knowsChecksums: boolean;
  /** A store with faulty memory. */
  bitFlip: BitFlip | null;
  /** Whether it rejects `x-amz-*` headers that are not signed, as Amazon S3 does. */
  refusesUnsignedHeaders: boolean;
  /** Whether it applies canned ACLs, and lets everybody read `public-read` objects; if off, it ignores them. */
  knowsAcls: boolean;
  /** Whether it copies objects (`x-amz-copy-source`), and which header that limits a copy it respects. */
  copies: { heeds: 'range' | 'condition' } | null;
  /** For an object's checksum, Complete reads the data from disk instead of combining the parts' checksums. */
  completeReadsBack: boolean;
}

const PLAIN: Behaviour = {
  corsOnErrors: true,
  mayListBucket: true,
  opaqueEtags: false,
  conditionalConflicts: 0,
  completeErrors: 0,
  completeDelay: 0,
  equalPartSizes: false,
  takesPost: true,
  knowsChecksums: true,
  refusesUnsignedHeaders: true,
  knowsAcls: false,
  copies: null,
  bitFlip: null,
  completeReadsBack: false,
};

/** A store that acts on unsigned headers. */
const LAX: Behaviour = { ...PLAIN, refusesUnsignedHeaders: false, knowsAcls: true };

/**
 * Other stores that the bucket imitates: as documented, not compared with the service.
 * - `aws`: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html (403 without ListBucket)
 * - `r2`: https://developers.cloudflare.com/r2/objects/multipart-objects/ (equal parts),
 *   https://developers.cloudflare.com/r2/api/s3/presigned-urls/ (no POST)
 * - `ceph16`: measured on Ceph 16.2: headers take effect whether signed or not, and a copy respects
 *   `x-amz-copy-source-range`, not `x-amz-copy-source-if-match`
 * - `minio`: https://github.com/pgsty/silo/pull/173 (all headers take effect; a copy respects the condition)
 */
export const PROFILES = {
  default: PLAIN,
  aws: { ...PLAIN, mayListBucket: false },
  r2: { ...PLAIN, equalPartSizes: true, takesPost: false },
  ceph16: { ...LAX, corsOnErrors: false, knowsChecksums: false, copies: { heeds: 'range' } },
  minio: { ...LAX, copies: { heeds: 'condition' } },
} as const satisfies Record<string, Behaviour>;

/**
 * Returns when to flip a bit of that part, and counts it; null if none is due. Part 0 is an object sent in one request.
 */
export function takeBitFlip({ bitFlip }: Behaviour, partNumber: number): BitFlip['when'] | null {
  if (!bitFlip || bitFlip.times < 1 || (bitFlip.partNumber ?? partNumber) !== partNumber) return null;
  bitFlip.times -= 1;
  return bitFlip.when;
}

export type Profile = keyof typeof PROFILES;
