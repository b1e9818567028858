import { ReadFault, SignerFault, StoreFault, TransportFault, UploadError } from '../api/errors.js';
import type { Phase, UploadErrorCode } from '../api/errors.js';
import { isTransient } from '../util/http-status.js';

/** The action after a failure. */
export type FailureAction =
  /** Transient: retry after a delay. `busy`: with fewer requests in flight. */
  | RetryAction
  /** The signature was rejected: retry with a new one. `passing`: it has expired, or the clocks differ. */
  | {
      kind: 'resign';
      reason: string;
      passing: boolean;
      /** The store does not know the access key, as after a key rotation. */
      ofKeys: boolean;
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
  kind: 'again';
  of: 'store' | 'signer';
  reason: string;
  retryAfter: string | null;
  stalled: boolean;
  busy: boolean;
}

/** S3's error codes that mean more than their status, or that come with status 200. */
const STORE_CODES: Record<string, FailureAction['kind'] | 'busy'> = {
  InternalError: 'again',
  RequestTimeout: 'again',
  IncompleteBody: 'again',
  BadDigest: 'again',
  OperationAborted: 'again',
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

/** S3's error codes for a signature made with keys that it does not know, perhaps not yet. */
const KEY_CODES = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'InvalidSecurity']);

const BUSY = new Set([429, 503]);

const again = (of: 'store' | 'signer', reason: string, given: Partial<RetryAction> = {}): RetryAction => ({
  kind: 'again',
  of,
  reason,
  retryAfter: null,
  stalled: false,
  busy: false,
  ...given,
});

function classifyStoreFault(fault: StoreFault, phase: Phase): FailureAction {
  const { status, code, message, retryAfter } = fault;
  const reason = `the store answered ${status}${code ? ` ${code}` : ''}`;
  const passing = (busy = BUSY.has(status)): FailureAction => again('store', reason, { retryAfter, busy });
  const final = (errorCode: UploadErrorCode = 'store-refused'): FailureAction => ({
    kind: 'final',
    code: errorCode,
    status,
    message: `${reason}${message ? `: ${message}` : ''}`,
  });

  const known = STORE_CODES[code];
  switch (known) {
    case 'again':
      return passing(false);
    case 'busy':
      return passing(true);
    case 'resign':
      return { kind: known, reason, passing: true, ofKeys: false, status };
    case 'exists':
    case 'relist':
      return { kind: known, reason };
    case 'final':
      return final(code === 'EntityTooLarge' ? 'too-large' : 'store-refused');
    default:
  }
  // for an aborted upload Ceph answers NoSuchKey, and other stores 404 without a body
  if (known === 'gone' || (status === 404 && phase !== 'create' && phase !== 'head')) return { kind: 'gone', reason };
  // InvalidToken has status 400
  if (status === 403 || KEY_CODES.has(code)) {
    return { kind: 'resign', reason, passing: /expired/i.test(message), ofKeys: KEY_CODES.has(code), status };
  }
  if (status === 412) return { kind: 'exists', reason };
  if (status === 409) return phase === 'complete' ? { kind: 'restart', reason } : passing();
  // a 200 that could not be parsed: truncated, or a page of a proxy
  if (status >= 200 && status < 300) return passing();
  return isTransient(status) && status !== 501 ? passing() : final();
}

function classifySignerFault(fault: SignerFault): FailureAction {
  const { status, code, message, retryAfter } = fault;
  const answer = status ? `the signer answered ${status}${code ? ` ${code}` : ''}` : 'no answer from the signer';
  const reason = fault.kind ? message : answer;
  if (status === 401 || (status === 403 && code === 'unauthorized')) return { kind: 'unauthorized', reason, status };
  if (status === 403 && code === 'grant-expired') return { kind: 'renew', reason };
  if (code === null || isTransient(status)) return again('signer', reason, { retryAfter });
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
    return again('store', failure.message, { stalled: failure.kind === 'stalled' });
  }
  if (failure instanceof ReadFault) return again('store', failure.message);
  if (failure instanceof UploadError)
    return { kind: 'final', code: failure.code, status: failure.status, message: failure.message };
  throw failure;
}
