import { MIN_PART_SIZE } from '../../limits.js';
import { RestartRequired } from '../network/restart-required.js';
import type { TransferContext } from './context.js';

/** Number of lost connections after which smaller parts are used, if no part is stored. */
const MAX_LOSSES = 8;

/** Adapts an upload to a connection that is lost again and again before a part is stored. */
export class ConnectionLosses {
  readonly #context: TransferContext;
  /** Number of connections lost while no part was stored. */
  #count = 0;
  #hasTriedSmallerParts = false;

  constructor(context: TransferContext) {
    this.#context = context;
  }

  /** Resets the count, because another session begins. */
  reset(): void {
    this.#count = 0;
  }

  /**
   * Records that a request with bytes of the file got no answer. While no part is stored, fewer requests are sent at a
   * time, so that each gets more bandwidth; finally smaller parts are used.
   * @returns a restart with smaller parts, or null for another attempt
   */
  record(): RestartRequired | null {
    const { record, services } = this.#context;
    const { session } = record;
    services.throughput.recordFailure();
    if (!session || session.table.done > 0) return null;
    services.scheduler.recordCongestion();
    const { size, partSize } = session.table.plan;
    this.#count++;
    const isSmallest = this.#hasTriedSmallerParts || Math.min(size, partSize) <= MIN_PART_SIZE;
    if (this.#count < MAX_LOSSES || isSmallest) return null;
    this.#hasTriedSmallerParts = true;
    return new RestartRequired('smaller', `the connection was lost ${this.#count} times before any part was stored`);
  }
}
