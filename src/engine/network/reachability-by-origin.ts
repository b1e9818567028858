import { originOf } from '../util/origin.js';
import type { Clock, Transport } from '../ports.js';
import type { Reachability } from './reachability.js';

/** One `Reachability` for each origin of a store. */
export class ReachabilityByOrigin {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #lifetime: AbortSignal;
  readonly #onChange: (isReachable: boolean) => void;
  readonly #byOrigin = new Map<string, Reachability>();

  constructor(transport: Transport, clock: Clock, lifetime: AbortSignal, onChange: (isReachable: boolean) => void) {
    this.#transport = transport;
    this.#clock = clock;
    this.#lifetime = lifetime;
    this.#onChange = onChange;
  }

  /**
   * Returns the `Reachability` of a URL's origin. Probes use the URL without its signature.
   * @param type the class `Reachability`, passed in because only code that is loaded later contains it
   */
  of(url: string, type: typeof Reachability): Reachability {
    const { origin, pathname } = new URL(url);
    let reachability = this.#byOrigin.get(origin);
    if (!reachability) {
      reachability = new type(origin + pathname, this.#transport, this.#clock, this.#lifetime, this.#onChange);
      this.#byOrigin.set(origin, reachability);
    }
    return reachability;
  }

  /** Records that a store answered. Does nothing for a store that has always answered. */
  answered(url: string): void {
    this.#byOrigin.get(originOf(url))?.recordAnswer();
  }

  /** Immediately probes every store that cannot be reached. */
  probeNow(): void {
    for (const reachability of this.#byOrigin.values()) reachability.probeNow();
  }
}
