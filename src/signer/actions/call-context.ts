/** What one call to the signer has at hand, and the two steps that most actions share: open the grant, sign. */
import type { SignedAnswer, SignedRequest } from '../../protocol.js';
import type { Sealer } from '../grants/grant.js';
import type { Receipt } from '../grants/receipt.js';
import type { Settings } from '../options/settings.js';
import type { PostSigner } from '../s3/post-policy.js';
import type { Credentials, Presigner, SigningTerms, StoreOperation } from '../s3/presign.js';
import { SignerRefusal } from '../util/refusal.js';

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
  readonly principalHash: string | null;
}

/**
 * Settles how long a call's signatures live: as the options say, and never longer than the credentials.
 * @throws SignerRefusal 503 where the credentials have ended
 */
export function signingTermsFor(
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
export const verifiesObjects = ({ onComplete, receipts }: Settings): boolean => receipts || onComplete !== undefined;

/** Whether `chunk_loaded` is an action of this signer. */
export const acceptsNotices = (settings: Settings): boolean => settings.tracker !== null || verifiesObjects(settings);

/** Counts as a notice of an upload that its owner goes on with, so that no sweep aborts it before its next part. */
export async function touchUpload({ settings, principalHash: principalMark }: Call, uploadId: string): Promise<void> {
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
