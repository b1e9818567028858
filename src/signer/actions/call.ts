/** What one call to the signer has at hand, and the two steps that most actions share: open the grant, sign. */
import type { SignedAnswer, SignedRequest } from '../../protocol.js';
import type { Grant, Sealer } from '../grants/grant.js';
import type { Settings } from '../options.js';
import type { PostSigner } from '../s3/posts.js';
import type { Credentials, Presigner, SigningTerms, StoreOperation } from '../s3/presign.js';
import type { Receipt } from '../grants/receipt.js';
import { SignerRefusal } from '../util/refusal.js';

/** Milliseconds by which the clocks of one signer's processes may differ; S3 allows as much. */
const MAX_SKEW = 15 * 60_000;

export interface Call {
  readonly settings: Settings;
  readonly presign: Presigner;
  readonly postSigner: PostSigner;
  readonly sealer: Sealer;
  readonly writeReceipt: (receipt: Receipt) => Promise<string>;
  readonly terms: SigningTerms;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Epoch milliseconds at which what this call signs ends. */
  readonly expires: number;
  /** As `authorize` gave it. */
  readonly principal: string | null;
  /** The principal's mark, which may go to the browser. */
  readonly principalMark: string | null;
}

/**
 * Settles how long a call's signatures live: as the options say, and never longer than the credentials.
 * @throws SignerRefusal 503 where the credentials have ended
 */
export function termsOf(
  settings: Settings,
  credentials: Credentials,
  now: number,
): { terms: SigningTerms; expires: number } {
  // Signatures know whole seconds only.
  const from = Math.floor(now / 1_000);
  const end = credentials.expiration === undefined ? Infinity : Math.floor(Number(credentials.expiration) / 1_000);
  const seconds = Math.min(settings.expires, end - from);
  if (!(seconds >= 1))
    throw new SignerRefusal(503, 'credentials-expired', 'The signer waits for new credentials.', {
      'retry-after': '5',
    });
  return { terms: { credentials, now, expires: seconds }, expires: (from + seconds) * 1_000 };
}

/** Whether the signer looks at objects that have come to be. */
export const looksAtObjects = ({ onComplete, receipts }: Settings): boolean => receipts || onComplete !== undefined;

/** Whether `chunk_loaded` is an action of this signer. */
export const takesNotices = (settings: Settings): boolean => settings.tracker !== null || looksAtObjects(settings);

/** Counts as a notice of an upload that its owner goes on with, so that no sweep aborts it before its next part. */
export async function keepFromSweep({ settings, principalMark }: Call, uploadId: string): Promise<void> {
  if (principalMark !== null) await settings.tracker?.touch?.(principalMark, uploadId);
}

/** Signs one operation. */
export async function sign(call: Call, operation: StoreOperation): Promise<SignedRequest> {
  return { ...(await call.presign(operation, call.terms)), expires: call.expires };
}

/** Signs one operation as an answer of its own. */
export async function signAnswer(call: Call, operation: StoreOperation): Promise<SignedAnswer> {
  return { ...(await sign(call, operation)), time: call.now };
}

/**
 * Opens a call's grant and holds it against the key named and the principal calling.
 * @throws SignerRefusal 403 for a grant that is missing, not of this signer, another's, of another key, or dated later
 *   than now
 */
export async function openGrant(call: Call, { key, grant }: { key: string; grant?: string }): Promise<Grant> {
  if (!grant) throw new SignerRefusal(403, 'grant-required', 'The call lacks the grant that init gave.');
  const opened = await call.sealer.open(grant);
  if (opened.key !== key) throw new SignerRefusal(403, 'key-mismatch', 'The grant is for another key.');
  if (opened.principal !== call.principalMark)
    throw new SignerRefusal(403, 'principal-mismatch', 'The grant is for somebody else.');
  if (Math.max(opened.begun, opened.issued) > call.now + MAX_SKEW)
    throw new SignerRefusal(403, 'grant-expired', 'The grant is dated later than now; init gives a new one.');
  return opened;
}

/**
 * Opens a call's grant, as `openGrant`, and lets it sign only while it lives.
 * @throws SignerRefusal 403 `grant-expired` besides: init renews
 */
export async function useGrant(call: Call, reference: { key: string; grant?: string }): Promise<Grant> {
  const grant = await openGrant(call, reference);
  const { grantLife, renewalTime } = call.settings;
  if (call.now - grant.issued > grantLife || call.now - grant.begun > renewalTime + grantLife) {
    throw new SignerRefusal(403, 'grant-expired', 'The grant is outdated; ask init to renew it.');
  }
  return grant;
}
