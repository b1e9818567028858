/** The context of one call to the signer, and the signing of requests in it. */
import type { SignedAnswer, SignedRequest } from '../../protocol.js';
import type { Sealer } from '../grants/grant.js';
import type { Receipt } from '../grants/receipt.js';
import type { Settings } from '../options/settings.js';
import type { PostSigner } from '../s3/post-policy.js';
import type { Credentials, Presigner, SigningTerms, StoreOperation } from '../s3/presign.js';
import { SignerRefusal } from '../util/refusal.js';
import { waitAtMost } from '../util/wait-at-most.js';

export interface Call {
  readonly settings: Settings;
  readonly presign: Presigner;
  readonly postSigner: PostSigner;
  readonly sealer: Sealer;
  readonly writeReceipt: (receipt: Receipt) => Promise<string>;
  readonly terms: SigningTerms;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Epoch milliseconds at which this call's signatures expire. */
  readonly expiresAt: number;
  /** What `authorize` returned, as a string. */
  readonly principal: string | null;
  /** Hash of the principal, which the browser may see. */
  readonly principalHash: string | null;
}

/**
 * Returns the credentials, time and lifetime of a call's signatures. The lifetime is the option `expires`, or less if the
 * credentials expire earlier.
 * @throws SignerRefusal 503 if the credentials have expired
 */
export function signingTermsFor(
  settings: Settings,
  credentials: Credentials,
  now: number,
): { terms: SigningTerms; expiresAt: number } {
  // times in signatures are whole seconds
  const nowS = Math.floor(now / 1_000);
  const credentialsEndS =
    credentials.expiration === undefined ? Infinity : Math.floor(Number(credentials.expiration) / 1_000);
  const lifetimeS = Math.min(settings.expiresS, credentialsEndS - nowS);
  if (!(lifetimeS >= 1))
    throw new SignerRefusal(503, 'credentials-expired', 'The credentials of the signer have expired; try again.', {
      'retry-after': '5',
    });
  return { terms: { credentials, now, lifetimeS }, expiresAt: (nowS + lifetimeS) * 1_000 };
}

/** Whether the signer reads completed objects, for `onComplete` or receipts. */
export const verifiesObjects = ({ onComplete, receipts }: Settings): boolean => receipts || onComplete !== undefined;

/** Whether this signer offers `chunk_loaded` and `chunks_loaded`. */
export const acceptsNotifications = (settings: Settings): boolean =>
  settings.tracker !== null || verifiesObjects(settings);

/** How long an answer waits for the tracker, so that uploads continue if its database is slow. */
const TRACKER_WAIT_MS = 2_000;

/**
 * Writes to the tracker, within `TRACKER_WAIT_MS`: after that, the write continues without the caller. `onError` receives
 * its error. For writes without which the upload can continue.
 */
export async function writeOptionally({ settings }: Call, write: () => Promise<void> | undefined): Promise<void> {
  const report = async (): Promise<void> => {
    try {
      await write();
    } catch (error) {
      settings.onError(error);
    }
  };
  await waitAtMost(report(), TRACKER_WAIT_MS);
}

/** Records that an upload is in use, so that no sweep aborts it before its next part. */
export async function touchUpload(call: Call, uploadId: string): Promise<void> {
  const { tracker } = call.settings;
  const { principalHash } = call;
  if (principalHash !== null && tracker?.touch)
    await writeOptionally(call, () => tracker.touch?.(principalHash, uploadId));
}

/** Signs one operation, as a part of an answer. */
export async function sign(call: Call, operation: StoreOperation): Promise<SignedRequest> {
  return { ...(await call.presign(operation, call.terms)), expires: call.expiresAt };
}

/** Signs one operation, as the whole answer. */
export async function signAnswer(call: Call, operation: StoreOperation): Promise<SignedAnswer> {
  return { ...(await sign(call, operation)), time: call.now };
}
