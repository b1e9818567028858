import { partSizeOf } from '../../limits.js';
import type { Grant } from '../grants/grant.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';

/** Milliseconds by which the clocks of one signer's processes may differ; S3 allows as much. */
const MAX_CLOCK_SKEW_MS = 15 * 60_000;

/**
 * Opens a call's grant and holds it against the key named and the principal calling.
 * @throws SignerRefusal 403 for a grant that is missing, not of this signer, another's, of another key, or dated later
 *   than now
 */
export async function openGrant(call: Call, { key, grant }: { key: string; grant?: string }): Promise<Grant> {
  if (!grant) throw new SignerRefusal(403, 'grant-required', 'The call lacks the grant that init gave.');
  const opened = await call.sealer.open(grant);
  if (opened.key !== key) throw new SignerRefusal(403, 'key-mismatch', 'The grant is for another key.');
  if (opened.principal !== call.principalHash)
    throw new SignerRefusal(403, 'principal-mismatch', 'The grant is for somebody else.');
  if (Math.max(opened.begun, opened.issued) > call.now + MAX_CLOCK_SKEW_MS)
    throw new SignerRefusal(403, 'grant-expired', 'The grant is dated later than now; init gives a new one.');
  return opened;
}

/**
 * Opens a call's grant, as `openGrant`, and lets it sign only while it lives.
 * @throws SignerRefusal 403 `grant-expired` besides: init renews
 */
export async function openUnexpiredGrant(call: Call, reference: { key: string; grant?: string }): Promise<Grant> {
  const grant = await openGrant(call, reference);
  const { grantLife, renewalTime } = call.settings;
  if (call.now - grant.issued > grantLife || call.now - grant.begun > renewalTime + grantLife) {
    throw new SignerRefusal(403, 'grant-expired', 'The grant is outdated; ask init to renew it.');
  }
  return grant;
}

/** @throws SignerRefusal 400 for a part that the file does not have */
export function grantedPartSize({ size, partSize }: Grant, chunk: number): number {
  try {
    return partSizeOf(chunk, size, partSize);
  } catch {
    throw new SignerRefusal(400, 'no-such-chunk', `A file of ${size} bytes by ${partSize} has no part ${chunk}.`);
  }
}

export function expectGrantedSize(grant: Grant, size: number): void {
  if (size !== grant.size)
    throw new SignerRefusal(400, 'size-mismatch', `The grant is for a file of ${grant.size} bytes.`);
}
