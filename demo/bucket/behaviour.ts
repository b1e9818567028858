/** One bit of what comes in is turned over on its way to the disk. */
export interface BitFlip {
  /** Number of the part; 0 for objects sent by one request; null for any. */
  partNumber: number | null;
  /** Before it is hashed: ETag and checksums are of the wrong bytes. After: they are of the right ones. */
  when: 'before' | 'after';
  /** So many times, then no more. */
  times: number;
}

/** In what a store differs from the plain one. Counts run down: the store does it so many times, then no more. */
export interface Behaviour {
  /** CORS headers on refusals too; off, a page sees a 403 as a dead network, as with Ceph and Swift. */
  corsOnErrors: boolean;
  /** Whether the credentials may list the bucket; off, a missing key answers 403 instead of 404. */
  mayListBucket: boolean;
  /** ETags that are no MD5, as with objects encrypted by SSE-KMS. */
  opaqueEtags: boolean;
  /** So many conditional writes (If-None-Match) answer 409, as while another write is under way. */
  conditionalConflicts: number;
  /** So many Complete requests answer 200 with an `<Error>` body and complete nothing. */
  completeErrors: number;
  /** Milliseconds until Complete answers; white space keeps the connection alive meanwhile. */
  completeDelay: number;
  /** Complete refuses parts that are not all of one size, the last aside. */
  equalPartSizes: boolean;
  /** Whether POST policies are taken. */
  takesPost: boolean;
  /** Whether it verifies `x-amz-checksum-…` and keeps them; off, it takes no notice of them, as Ceph 16. */
  knowsChecksums: boolean;
  /** A store whose memory is wrong. */
  bitFlip: BitFlip | null;
  /** Whether it refuses `x-amz-*` headers that are not signed, as Amazon's does. */
  refusesUnsignedHeaders: boolean;
  /** Whether it heeds canned ACLs, and lets everybody read what is `public-read`; off, it takes no notice of them. */
  knowsAcls: boolean;
  /** Whether it copies objects (`x-amz-copy-source`), and which header that limits a copy it heeds. */
  copies: { heeds: 'range' | 'condition' } | null;
  /** Complete reads what is on disk for a whole object's checksum, in place of combining those of the parts. */
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

/** A store that acts on headers which nobody signed. */
const LAX: Behaviour = { ...PLAIN, refusesUnsignedHeaders: false, knowsAcls: true };

/**
 * Other stores to play: as documented, not run against the service.
 * - `aws`: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html (403 without ListBucket)
 * - `r2`: https://developers.cloudflare.com/r2/objects/multipart-objects/ (equal parts),
 *   https://developers.cloudflare.com/r2/api/s3/presigned-urls/ (no POST)
 * - `ceph16`: measured on Ceph 16.2: any header is heeded whether it is signed or not, and a copy heeds
 *   `x-amz-copy-source-range`, not `x-amz-copy-source-if-match`
 * - `minio`: https://github.com/pgsty/silo/pull/173 (any header is heeded; a copy heeds the condition)
 */
export const PROFILES = {
  default: PLAIN,
  aws: { ...PLAIN, mayListBucket: false },
  r2: { ...PLAIN, equalPartSizes: true, takesPost: false },
  ceph16: { ...LAX, corsOnErrors: false, knowsChecksums: false, copies: { heeds: 'range' } },
  minio: { ...LAX, copies: { heeds: 'condition' } },
} as const satisfies Record<string, Behaviour>;

/** Takes one bit flip off what is left, where one is due for that part; 0 is an object sent by one request. */
export function takeBitFlip({ bitFlip }: Behaviour, partNumber: number): BitFlip['when'] | null {
  if (!bitFlip || bitFlip.times < 1 || (bitFlip.partNumber ?? partNumber) !== partNumber) return null;
  bitFlip.times -= 1;
  return bitFlip.when;
}

export type Profile = keyof typeof PROFILES;
