import { originOf } from '../util/origin.js';
import type { Clock, Transport } from '../ports.js';
import type { Reachability } from './reachability.js';

/** One `Reachability` for each origin of a store. */
export class ReachabilityByOrigin {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #lifetime: AbortSignal;
  readonly #onChange: (isReachable: boolean) => void;
  readonly #known = new Map<string, Reachability>();

  constructor(transport: Transport, clock: Clock, lifetime: AbortSignal, onChange: (isReachable: boolean) => void) {
    this.#transport = transport;
    this.#clock = clock;
    this.#lifetime = lifetime;
    this.#onChange = onChange;
  }

  /**
   * Returns the one for a URL's origin, which is probed without the URL's signature.
   * @param type creates it: only code that is loaded late needs this class
   */
  of(url: string, type: typeof Reachability): Reachability {
    const { origin, pathname } = new URL(url);
    let reachability = this.#known.get(origin);
    if (!reachability) {
      reachability = new type(origin + pathname, this.#transport, this.#clock, this.#lifetime, this.#onChange);
      this.#known.set(origin, reachability);
    }
    return reachability;
  }

  /** Records that a store answered; one that was never out of reach needs no record. */
  answered(url: string): void {
    this.#known.get(originOf(url))?.recordAnswer();
  }

  /** Probes every store that is out of reach at once. */
  probeNow(): void {
    for (const reachability of this.#known.values()) reachability.probeNow();
  }
}
