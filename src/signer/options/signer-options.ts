import type { Action, ChecksumAlgorithm } from '../../protocol.js';
import type { AccessEntry } from '../http/access-log.js';
import type { Policy } from '../policy/policy.js';
import type { Credentials } from '../s3/presign.js';
import type { Tracker } from '../tracker/tracker.js';

export interface SignerOptions {
  /**
   * Names this signer, where several share a bucket and a secret: none of them takes another's grants, and
   * `verifyReceipt` tells their receipts apart. Up to 128 characters; none by default. Uploads under way begin afresh
   * when it changes, as they do when `endpoint`, `region` or `bucket` change.
   */
  name?: string;
  bucket: string;
  /** `us-east-1` by default. */
  region?: string;
  /** URL of the store; by default Amazon's for the region. */
  endpoint?: string;
  /** Whether the bucket stands in the path; by default where an endpoint is given. */
  pathStyle?: boolean;
  /** Reaches Amazon's store by IPv6 as well as IPv4. */
  dualStack?: boolean;
  /** Reaches Amazon's store by its edge network; the bucket has to have transfer acceleration switched on. */
  accelerate?: boolean;
  /**
   * The checksums that the store verifies; of those that a browser offers, its first choice among them is used. By
   * default all that there are at Amazon, `crc64nvme`, `crc32c`, `crc32` and `sha256`, and none at another endpoint: a
   * store that does not know them ignores them at best. Where any is named, the store is also told the object's size
   * (`x-amz-mp-object-size`), and the bucket's CORS rule has to allow the headers `x-amz-*`.
   */
  checksums?: readonly ChecksumAlgorithm[];
  /**
   * Whether the store refuses `x-amz-*` headers that are not in the signature; by default true at Amazon and R2, false at
   * another endpoint, since Ceph 16, MinIO and others act on them. Where false, the signer also signs what defeats the
   * worst of them: `x-amz-acl` (`private`, or what the policy allows) against a public object, and conditions that no
   * copy meets against `x-amz-copy-source`. The bucket's CORS rule then has to allow the headers `x-amz-*`. Say true
   * where `npx mule-upload signer --check` has seen that the store refuses them, or where it takes no `x-amz-acl`
   * (buckets without ACLs).
   */
  refusesUnsignedHeaders?: boolean;
  /**
   * Signs; a function is asked at every call, so let it remember what it fetched (those of the AWS SDK do). Needs no
   * more than s3:PutObject, s3:GetObject, s3:AbortMultipartUpload, s3:ListMultipartUploadParts, and with `policy.acls`
   * s3:PutObjectAcl.
   */
  credentials: Credentials | (() => Credentials | Promise<Credentials>);
  /**
   * Tells by headers or cookies who calls, in an id that stays the same; null: nobody. It leaves the body alone. A
   * whole number, such as a database's id, counts as its text: 7 and `'7'` are the same person. Ids above
   * `Number.MAX_SAFE_INTEGER` are refused unless they are text: rounded to a number, two people's could be one.
   */
  authorize?: (request: Request, action: Action) => string | number | null | Promise<string | number | null>;
  /**
   * Lets anybody upload; needed where nothing authorizes. Where nobody is signed in, init then answers
   * `principal: null`: unfinished uploads resume by themselves for whoever uses the browser.
   */
  allowAnonymous?: true;
  /**
   * Seals grants; the first of several seals, all open. By default derived from the secret access key: give one of your
   * own where credentials rotate, or uploads begun before cannot go on after.
   */
  secret?: string | readonly string[];
  /** Origins of the pages that may call from elsewhere, such as `https://example.org`, or `*`; by default none. */
  origins?: readonly string[];
  policy?: Policy;
  /**
   * Slows callers down: gives the seconds for which this one has to wait (429 with `Retry-After`), or 0. Asked before
   * the body is read, and told nothing of it.
   */
  throttle?: (caller: {
    request: Request;
    action: Action;
    principal: string | null;
  }) => number | null | undefined | Promise<number | null | undefined>;
  /** Hears of every call, once it is answered. */
  log?: (entry: AccessEntry) => void;
  /** Lets people go on with an upload on another machine. */
  tracker?: Tracker;
  /**
   * Hears of every object that came to be, once the store has confirmed it, with the principal as `authorize` gave it.
   * At least once: where it throws, or an answer is lost, the browser asks again. Needs s3:GetObject.
   */
  onComplete?: (object: StoredFile, principal: string | null) => void | Promise<void>;
  /** Whether browsers get a sealed receipt of what is stored, for `verifyReceipt`; needs `secret`. False by default. */
  receipts?: boolean;
  /** Asks the store, for `onComplete`, `receipts` and `sweep`; the runtime's own by default. */
  fetch?: typeof fetch;
  /** Seconds that a signed URL lives, at most as long as the credentials; 3,600 by default, 604,800 at most. */
  expires?: number;
  /** Seconds that the body of a call may take to arrive, 60 by default; a slower one is refused with 408. */
  bodyTimeout?: number;
  /** Seconds that a grant signs further parts; 7 days by default, 10 years at most. */
  grantLife?: number;
  /** Seconds since an upload began in which its grant can be renewed; 30 days by default, 10 years at most. */
  renewalTime?: number;
  /** Hears of faults that callers see as a bare 500; `console.error` by default, without secrets. */
  onError?: (error: unknown) => void;
  /** Epoch milliseconds; the clock by default. */
  now?: () => number;
}

/** An object as the store told of it. */
export interface StoredFile {
  bucket: string;
  key: string;
  /** Bytes. */
  size: number;
  /** Without quotes. */
  etag: string;
  contentType: string;
  /** Null where it was sent in one request. */
  uploadId: string | null;
}
