import { sleep } from '../util/timing.js';
import type { RetryServices } from './attempt.js';
import { Reachability } from './reachability.js';
import type { Waits } from './waits.js';

/** Interval of the checks whether the store has carried out a request without an answer. */
const CHECK_INTERVAL_MS = 30_000;
/** Duration of an outage after which connections from before it count as lost. */
const LONG_OUTAGE_MS = 10_000;
/** Maximum time in which such a connection may still make progress after the outage. */
const MAX_GRACE_MS = 10_000;

/** A request that has made no progress for a while. */
export interface SilentRequest {
  readonly url: string;
  /** Whether a request of its size would have been answered by now. */
  readonly isOverdue: boolean;
  /** Aborted when the request ends. */
  readonly ended: AbortSignal;
  /** Checks whether the store has carried out the request. Set only for a request that may take minutes. */
  readonly isCarriedOut?: (() => Promise<boolean>) | undefined;
}

/**
 * Decides whether a silent request is lost. Meanwhile the upload's status is waiting.
 * @returns whether to send the request again, on another connection
 */
export async function isRequestLost(
  { clock, scheduler, reachability: byOrigin }: RetryServices,
  waits: Waits,
  { url, isOverdue, ended, isCarriedOut }: SilentRequest,
): Promise<boolean> {
  const reachability = byOrigin.of(url, Reachability);
  for (;;) {
    const startedAt = clock.monotonic();
    // without a spare connection, the probe would wait for one of the silent connections
    if (scheduler.hasSpareConnection && !(await reachability.check())) {
      await waits.addWithinAttempt('network', null, reachability.whenReachable(ended));
      const outageMs = clock.monotonic() - startedAt;
      if (isOverdue || (isCarriedOut && outageMs >= LONG_OUTAGE_MS)) {
        // TCP sends lost data again after at most the duration of the outage
        await waits.addWithinAttempt('network', null, sleep(clock, Math.min(outageMs, MAX_GRACE_MS), ended));
        return true;
      }
    }
    if (!isCarriedOut) return isOverdue;
    if (await waits.addWithinAttempt('store', null, isCarriedOut())) return true;
    await waits.addWithinAttempt('store', null, sleep(clock, CHECK_INTERVAL_MS, ended));
  }
}
