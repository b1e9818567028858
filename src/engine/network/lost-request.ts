import { sleep } from '../util/timing.js';
import type { RetryServices } from './attempt.js';
import { Reachability } from './reachability.js';
import type { Waits } from './waits.js';

/** Milliseconds between two checks whether a request without an answer was carried out. */
const ACTED_CHECK_INTERVAL_MS = 30_000;
/** Milliseconds without the store after which older connections count as lost. */
const LONG_OUTAGE_MS = 10_000;
/** Milliseconds that such a connection gets at most to show that it is not. */
const MAX_GRACE_MS = 10_000;

/** A request that has made no progress for a while. */
export interface SilentRequest {
  readonly url: string;
  /** Whether a request of its size would have been answered by now. */
  readonly isOverdue: boolean;
  /** Aborted when the request ends. */
  readonly ended: AbortSignal;
  /** Checks whether the store has carried out the request; for a request that may take minutes. */
  readonly hasActed?: (() => Promise<boolean>) | undefined;
}

/**
 * Decides whether a silent request is lost, and shows the wait meanwhile.
 * @returns whether to send it again, on another connection
 */
export async function isRequestLost(
  { clock, scheduler, reachability: byOrigin }: RetryServices,
  waits: Waits,
  { url, isOverdue, ended, hasActed }: SilentRequest,
): Promise<boolean> {
  const reachability = byOrigin.of(url, Reachability);
  for (;;) {
    const since = clock.monotonic();
    // without a spare connection, the probe would wait for one of the silent connections
    if (scheduler.hasSpareConnection && !(await reachability.check())) {
      await waits.addWithinAttempt('network', null, reachability.whenReachable(ended));
      const outageMs = clock.monotonic() - since;
      if (isOverdue || (hasActed && outageMs >= LONG_OUTAGE_MS)) {
        // a TCP retransmission takes as long as the outage at most
        await waits.addWithinAttempt('network', null, sleep(clock, Math.min(outageMs, MAX_GRACE_MS), ended));
        return true;
      }
    }
    if (!hasActed) return isOverdue;
    if (await waits.addWithinAttempt('store', null, hasActed())) return true;
    await waits.addWithinAttempt('store', null, sleep(clock, ACTED_CHECK_INTERVAL_MS, ended));
  }
}
