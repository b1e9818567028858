import { integrityError } from '../integrity/digest-refusals.js';
import { RestartRequired } from '../network/restart-required.js';
import type { TransferContext } from './context.js';
import { listAndVerifyParts } from './list-parts.js';
import { MAX_MISMATCHES } from './verify-parts.js';
import type { StoredPartChecks } from './verify-parts.js';

/**
 * Compares all stored parts with the file once more, after the store has rejected Complete because the checksum of the
 * object does not match.
 * @returns what to throw: a restart, or the failure of the upload
 */
export async function explainMismatch(
  context: TransferContext,
  storedParts: StoredPartChecks,
  signal: AbortSignal,
): Promise<Error> {
  const { checks, session } = context;
  checks?.invalidate();
  await listAndVerifyParts(context, signal);
  await storedParts.settled(signal);
  // each wrong part is missing from the table now; if none is, no wrong part was found
  return session.table.isComplete
    ? objectMismatch(context, storedParts, 'the store holds other bytes than it confirmed')
    : new RestartRequired('relist', 'the store holds other bytes of a part');
}

/** Returns what to throw for an object that differs from the file: a restart, or the failure of the upload. */
export function objectMismatch(context: TransferContext, storedParts: StoredPartChecks, reason: string): Error {
  if (++storedParts.objectMismatches <= MAX_MISMATCHES) return new RestartRequired('restart', reason);
  storedParts.resetCounts();
  return integrityError(context.record.facts.name, reason);
}
