import { ReadFault, SignerFault, StoreFault, TransportFault, UploadError } from '../api/errors.js';
import type { Phase, UploadErrorCode } from '../api/errors.js';
import { isTransient } from '../util/http-status.js';

/** What a failure means. */
export type FailureAction =
  /** A fault that passes: the same again, later. `busy`: fewer at a time. */
  | RetryAction
  /** The signature is not believed: the same with a new one. `passing`: it was, and time alone has undone it. */
  | {
      kind: 'resign';
      reason: string;
      passing: boolean;
      /** The store does not know the key it was made with, as after a change of keys. */
      ofKeys: boolean;
      status: number;
    }
  /** The grant is outdated: have it renewed. */
  | { kind: 'renew'; reason: string }
  /** The page has to say who the user is. */
  | { kind: 'unauthorized'; reason: string; status: number }
  /** The multipart upload is not there, or no more. */
  | { kind: 'gone'; reason: string }
  /** Something stands under the key already: perhaps this very file. */
  | { kind: 'exists'; reason: string }
  /** The store's parts are not what was thought: list them and mend. */
  | { kind: 'relist'; reason: string }
  /** This multipart upload cannot come to an end: another one. */
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

/** S3's error codes whose meaning the status does not tell, or tells wrongly in a 200. */
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

/** S3's words for a signature whose keys it does not know, perhaps not yet. */
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
  // Ceph says NoSuchKey of an aborted upload, others 404 without a body: any 404 here means that the upload is gone.
  if (known === 'gone' || (status === 404 && phase !== 'create' && phase !== 'head')) return { kind: 'gone', reason };
  // InvalidToken is a 400
  if (status === 403 || KEY_CODES.has(code)) {
    return { kind: 'resign', reason, passing: /expired/i.test(message), ofKeys: KEY_CODES.has(code), status };
  }
  if (status === 412) return { kind: 'exists', reason };
  if (status === 409) return phase === 'complete' ? { kind: 'restart', reason } : passing();
  // 200 with something unreadable: cut short on its way, or a proxy's own page
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

/** Tells what a failure means, and so what to do next. */
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
