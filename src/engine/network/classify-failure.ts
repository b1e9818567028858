import { ReadFault, SignerFault, StoreFault, TransportFault, UploadError } from '../api/errors.js';
import type { Phase, UploadErrorCode } from '../api/errors.js';
import { isTransient } from '../util/http-status.js';

/** What to do after a failure. */
export type FailureAction =
  /** The failure is transient: retry after a delay. */
  | RetryAction
  /** The signature was rejected: retry with a new one. */
  | {
      kind: 'resign';
      reason: string;
      /** Whether it has expired, or the clocks differ: a new signature is likely to be accepted. */
      isExpired: boolean;
      /** Whether the store does not accept the signer's keys, as after a key rotation. */
      areKeysRejected: boolean;
      status: number;
    }
  /** The grant has expired: renew it. */
  | { kind: 'renew'; reason: string }
  /** The user has to sign in. */
  | { kind: 'unauthorized'; reason: string; status: number }
  /** The multipart upload does not exist, or no longer. */
  | { kind: 'gone'; reason: string }
  /** The key has an object already, perhaps this file. */
  | { kind: 'exists'; reason: string }
  /** The store's parts differ from ours: list them and send the missing ones. */
  | { kind: 'relist'; reason: string }
  /** This multipart upload cannot be completed: start another. */
  | { kind: 'restart'; reason: string }
  | { kind: 'final'; code: UploadErrorCode; message: string; status: number };

interface RetryAction {
  kind: 'retry';
  /** The server that failed. */
  server: 'store' | 'signer';
  reason: string;
  /** Value of the `Retry-After` header. */
  retryAfter: string | null;
  /** Whether the request made no progress for too long. */
  isStalled: boolean;
  /** Whether the server has too many requests: retry with fewer requests in flight. */
  isBusy: boolean;
}

/** S3's error codes that say more than the status of the answer, or that an answer with status 200 contains. */
const STORE_CODES: Record<string, FailureAction['kind'] | 'busy'> = {
  InternalError: 'retry',
  RequestTimeout: 'retry',
  IncompleteBody: 'retry',
  BadDigest: 'retry',
  OperationAborted: 'retry',
  SlowDown: 'busy',
  SlowDownRead: 'busy',
  SlowDownWrite: 'busy',
  ServiceUnavailable: 'busy',
  TooManyRequests: 'busy',
  ExpiredToken: 'resign',
  TokenRefreshRequired: 'resign',
  RequestTimeTooSkewed: 'resign',
  RequestExpired: 'resign',
  NoSuchUpload: 'gone',
  PreconditionFailed: 'exists',
  InvalidPart: 'relist',
  InvalidPartOrder: 'relist',
  EntityTooSmall: 'relist',
  EntityTooLarge: 'final',
  NoSuchBucket: 'final',
};

/** S3's error codes for a signature made with keys that S3 does not know, or does not know yet. */
const KEY_CODES = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'InvalidSecurity']);

const BUSY_STATUSES = new Set([429, 503]);

const retryAction = (server: 'store' | 'signer', reason: string, details: Partial<RetryAction> = {}): RetryAction => ({
  kind: 'retry',
  server,
  reason,
  retryAfter: null,
  isStalled: false,
  isBusy: false,
  ...details,
});

function classifyStoreFault(fault: StoreFault, phase: Phase): FailureAction {
  const { status, code, message, retryAfter } = fault;
  const reason = `the store answered ${status}${code ? ` ${code}` : ''}`;
  const retry = (isBusy = BUSY_STATUSES.has(status)): FailureAction =>
    retryAction('store', reason, { retryAfter, isBusy });
  const final = (errorCode: UploadErrorCode = 'store-refused'): FailureAction => ({
    kind: 'final',
    code: errorCode,
    status,
    message: `${reason}${message ? `: ${message}` : ''}`,
  });

  const kind = STORE_CODES[code];
  switch (kind) {
    case 'retry':
      return retry(false);
    case 'busy':
      return retry(true);
    case 'resign':
      return { kind, reason, isExpired: true, areKeysRejected: false, status };
    case 'exists':
    case 'relist':
      return { kind, reason };
    case 'final':
      return final(code === 'EntityTooLarge' ? 'too-large' : 'store-refused');
    default:
  }
  // for an aborted upload, Ceph answers NoSuchKey, and other stores answer 404 without a body
  if (kind === 'gone' || (status === 404 && phase !== 'create' && phase !== 'head')) return { kind: 'gone', reason };
  // InvalidToken has status 400
  if (status === 403 || KEY_CODES.has(code)) {
    return {
      kind: 'resign',
      reason,
      isExpired: /expired/i.test(message),
      areKeysRejected: KEY_CODES.has(code),
      status,
    };
  }
  if (status === 412) return { kind: 'exists', reason };
  if (status === 409) return phase === 'complete' ? { kind: 'restart', reason } : retry();
  // a success whose body could not be parsed: it is truncated, or a proxy's web page
  if (status >= 200 && status < 300) return retry();
  return isTransient(status) && status !== 501 ? retry() : final();
}

function classifySignerFault(fault: SignerFault): FailureAction {
  const { status, code, message, retryAfter } = fault;
  const answer = status ? `the signer answered ${status}${code ? ` ${code}` : ''}` : 'no answer from the signer';
  const reason = fault.kind ? message : answer;
  if (status === 401 || (status === 403 && code === 'unauthorized')) return { kind: 'unauthorized', reason, status };
  if (status === 403 && code === 'grant-expired') return { kind: 'renew', reason };
  if (code === null || isTransient(status)) return retryAction('signer', reason, { retryAfter });
  return { kind: 'final', code: 'signer-refused', status, message: `${reason}: ${message}` };
}

/**
 * Decides what to do about a failure.
 * @throws the failure itself, if it is none of the engine's error classes
 */
export function classifyFailure(failure: unknown, phase: Phase): FailureAction {
  if (failure instanceof StoreFault) return classifyStoreFault(failure, phase);
  if (failure instanceof SignerFault) return classifySignerFault(failure);
  if (failure instanceof TransportFault) {
    return retryAction('store', failure.message, { isStalled: failure.kind === 'stalled' });
  }
  if (failure instanceof ReadFault) return retryAction('store', failure.message);
  if (failure instanceof UploadError)
    return { kind: 'final', code: failure.code, status: failure.status, message: failure.message };
  throw failure;
}
