import type { Action, ChecksumAlgorithm } from '../../protocol.js';
import type { AccessEntry } from '../http/access-log.js';
import type { Policy } from '../policy/policy.js';
import type { Credentials } from '../s3/presign.js';
import type { Tracker } from '../tracker/tracker.js';

export interface SignerOptions {
  /**
   * Distinguishes signers that share a bucket and a secret: a signer refuses the grants of another, and `verifyReceipt`
   * the receipts. Up to 128 characters; none by default. Unfinished uploads restart when it changes, as they do when
   * `endpoint`, `region` or `bucket` change.
   */
  name?: string;
  bucket: string;
  /** `us-east-1` by default. */
  region?: string;
  /** URL of the store; Amazon's for the region by default. */
  endpoint?: string;
  /** Whether URLs contain the bucket in the path instead of the host; true by default if `endpoint` is set. */
  pathStyle?: boolean;
  /** Uses Amazon's dual-stack endpoints: IPv6 as well as IPv4. */
  dualStack?: boolean;
  /** Uses S3 Transfer Acceleration, which the bucket must have enabled. */
  accelerate?: boolean;
  /**
   * The checksum algorithms that the store verifies. An upload uses the first algorithm of the browser's list that is
   * among them. By default `crc64nvme`, `crc32c`, `crc32` and `sha256` at Amazon, none at another endpoint. If there is
   * any, the signer also signs the object's size (`x-amz-mp-object-size`), and the bucket's CORS rule must allow the
   * headers `x-amz-*`.
   */
  checksums?: readonly ChecksumAlgorithm[];
  /**
   * Whether the store rejects unsigned `x-amz-*` headers. True by default at Amazon and R2, false at another endpoint,
   * because Ceph 16, MinIO and others act on them. If false, the signer signs headers that prevent misuse: `x-amz-acl`
   * (`private`, or what the policy allows) prevents public objects, and conditions that no copy meets prevent
   * `x-amz-copy-source`. The bucket's CORS rule must then allow the headers `x-amz-*`. Set it to true if
   * `npx mule-upload signer --check` reports that the store rejects them, or if the bucket has ACLs disabled.
   */
  refusesUnsignedHeaders?: boolean;
  /**
   * The credentials that sign. A function is called for every request, so it should cache; the providers of the AWS SDK
   * do. They need s3:PutObject, s3:GetObject, s3:AbortMultipartUpload and s3:ListMultipartUploadParts, and
   * s3:PutObjectAcl with `policy.acls`.
   */
  credentials: Credentials | (() => Credentials | Promise<Credentials>);
  /**
   * Returns a stable ID of the user who calls, from headers or cookies; null for an anonymous call. It must not read the
   * body. A number is the same as its string: 7 and `'7'` are one user. IDs above `Number.MAX_SAFE_INTEGER` must be
   * strings: as numbers, the IDs of two users could be rounded to the same value.
   */
  authorize?: (request: Request, action: Action) => string | number | null | Promise<string | number | null>;
  /**
   * Allows anonymous uploads; required without `authorize`. The answer to an anonymous init has `principal: null`, and
   * unfinished uploads resume automatically for every user of that browser.
   */
  allowAnonymous?: true;
  /**
   * Seals grants and receipts. With several, the first seals and all open. By default derived from the secret access
   * key: set one where credentials rotate, because uploads cannot resume after the derived secret changes.
   */
  secret?: string | readonly string[];
  /** Other origins whose pages may call the signer, such as `https://example.org`, or `*`; none by default. */
  origins?: readonly string[];
  policy?: Policy;
  /**
   * Limits the rate of calls: returns the seconds that this caller must wait (429 with `Retry-After`), or 0. Called
   * before the body is read.
   */
  throttle?: (caller: {
    request: Request;
    action: Action;
    principal: string | null;
  }) => number | null | undefined | Promise<number | null | undefined>;
  /** Called after each call with its log entry. */
  log?: (entry: AccessEntry) => void;
  /** Lets users resume an upload on another machine. */
  tracker?: Tracker;
  /**
   * Called at least once for each object, after the store has confirmed it, with the principal that `authorize` returned,
   * as a string (`'7'` for 7). If it throws, or its answer is lost, the browser retries. Needs s3:GetObject.
   */
  onComplete?: (object: StoredFile, principal: string | null) => void | Promise<void>;
  /** Whether browsers receive a sealed receipt of each object, for `verifyReceipt`. Needs `secret`. False by default. */
  receipts?: boolean;
  /**
   * Sends CreateMultipartUpload from the signer, for up to 8 files in an init call, so that the browser starts with the
   * first part. Needs `tracker`, which records the upload before the browser knows it; for anonymous calls, and if the
   * store does not create the upload, the browser sends CreateMultipartUpload itself. False by default: init then answers
   * without a request to the store.
   */
  beginMultipart?: boolean;
  /**
   * Sends requests to the store, for `onComplete`, `receipts`, `beginMultipart` and `sweep`; the runtime's `fetch` by
   * default.
   */
  fetch?: typeof fetch;
  /** Lifetime of signed URLs in seconds, shorter if the credentials expire first; 3,600 by default, 604,800 at most. */
  expires?: number;
  /** Seconds within which the body of a call must arrive, or it is refused with 408; 60 by default. */
  bodyTimeout?: number;
  /** Lifetime of a grant in seconds; 7 days by default, 10 years at most. */
  grantLife?: number;
  /** Seconds after the start of an upload during which its grant can be renewed; 30 days by default, 10 years at most. */
  renewalTime?: number;
  /** Receives errors that callers see only as a 500; by default `console.error`, without secrets. */
  onError?: (error: unknown) => void;
  /** Returns epoch milliseconds; `Date.now` by default. */
  now?: () => number;
}

/** An object as the store reported it. */
export interface StoredFile {
  bucket: string;
  key: string;
  /** Bytes. */
  size: number;
  /** Without quotes. */
  etag: string;
  contentType: string;
  /** As the browser reports it: the store does not confirm it. Null for an object that was sent in one request. */
  uploadId: string | null;
}
