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
};

/**
 * Other stores to play: as documented, not run against the service.
 * - `aws`: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html (403 without ListBucket)
 * - `r2`: https://developers.cloudflare.com/r2/objects/multipart-objects/ (equal parts),
 *   https://developers.cloudflare.com/r2/api/s3/presigned-urls/ (no POST)
 */
export const PROFILES = {
  default: PLAIN,
  aws: { ...PLAIN, mayListBucket: false },
  r2: { ...PLAIN, equalPartSizes: true, takesPost: false },
} as const satisfies Record<string, Behaviour>;

export type Profile = keyof typeof PROFILES;
