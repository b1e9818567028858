import { partSizeOf } from '../../limits.js';
import type { Grant } from '../grants/grant.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';

/** Allowed difference between the clocks of two processes of one signer. S3 allows the same. */
const MAX_CLOCK_SKEW_MS = 15 * 60_000;

/**
 * Opens the grant of a call, and checks that it is for the call's key and principal. It may have expired.
 * @throws SignerRefusal 403 for a grant that is missing, forged, of another principal or key, or issued in the future
 */
export async function openGrant(call: Call, { key, grant }: { key: string; grant?: string }): Promise<Grant> {
  if (!grant)
    throw new SignerRefusal(403, 'grant-required', 'The call has no grant; send the one from get_init_signature.');
  const opened = await call.sealer.open(grant);
  if (opened.key !== key) throw new SignerRefusal(403, 'key-mismatch', 'The grant is for another key.');
  if (opened.principal !== call.principalHash)
    throw new SignerRefusal(403, 'principal-mismatch', 'The grant belongs to another user.');
  if (Math.max(opened.begun, opened.issued) > call.now + MAX_CLOCK_SKEW_MS)
    throw new SignerRefusal(
      403,
      'grant-expired',
      'The grant was issued in the future; call get_init_signature for a new one.',
    );
  return opened;
}

/**
 * Opens the grant of a call, as `openGrant`, and checks that it has not expired.
 * @throws SignerRefusal as `openGrant`, and 403 `grant-expired`
 */
export async function openUnexpiredGrant(call: Call, reference: { key: string; grant?: string }): Promise<Grant> {
  const grant = await openGrant(call, reference);
  const { grantLifeMs, renewalTimeMs } = call.settings;
  if (call.now - grant.issued > grantLifeMs || call.now - grant.begun > renewalTimeMs + grantLifeMs) {
    throw new SignerRefusal(403, 'grant-expired', 'The grant has expired; call get_init_signature to renew it.');
  }
  return grant;
}

/**
 * Returns the bytes of one part.
 * @throws SignerRefusal 400 for a part that the file does not have
 */
export function grantedPartSize({ size, partSize }: Grant, chunk: number): number {
  try {
    return partSizeOf(chunk, size, partSize);
  } catch {
    throw new SignerRefusal(
      400,
      'no-such-chunk',
      `A file of ${size} bytes in parts of ${partSize} has no part ${chunk}.`,
    );
  }
}

/** @throws SignerRefusal 400 for another size than the granted one */
export function expectGrantedSize(grant: Grant, size: number): void {
  if (size !== grant.size)
    throw new SignerRefusal(400, 'size-mismatch', `The grant is for a file of ${grant.size} bytes.`);
}
