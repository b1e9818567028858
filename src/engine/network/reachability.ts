import { abortable } from '../util/abort.js';
import { cancellableSleep } from '../util/timing.js';
import type { Clock, Transport } from '../ports.js';

const PROBE_INTERVAL_MS = 3_000;
const LONG_PROBE_INTERVAL_MS = 30_000;
/** Milliseconds of silence after which probing becomes seldom. */
const LONG_INTERVAL_AFTER_MS = 600_000;

/**
 * Whether one store can be reached. After a request without an answer one small probe at a time decides: every 3 s
 * for ten minutes, then every 30 s, with jitter so that a thousand pages do not knock in step.
 */
export class Reachability {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #url: string;
  readonly #onChange: (isReachable: boolean) => void;
  readonly #lifetime: AbortSignal;
  #isReachable = true;
  #probing: Promise<boolean> | null = null;
  #waiting = new Set<() => void>();
  #wake: (() => void) | null = null;

  /** @param url any of the store's, without its signature */
  constructor(
    url: string,
    transport: Transport,
    clock: Clock,
    lifetime: AbortSignal,
    onChange: (isReachable: boolean) => void,
  ) {
    this.#url = url;
    this.#transport = transport;
    this.#clock = clock;
    this.#lifetime = lifetime;
    this.#onChange = onChange;
  }

  get isReachable(): boolean {
    return this.#isReachable;
  }

  /** Says that the store answered something, a 503 too: no probe is needed. */
  recordAnswer(): void {
    this.#update(true);
  }

  /** Asks whether the store is there, after a request without an answer; on a no, probing goes on by itself. */
  async check(): Promise<boolean> {
    const isThere = await (this.#probing ??= this.#probe());
    if (isThere) this.#update(true);
    else if (this.#isReachable && !this.#lifetime.aborted) {
      this.#update(false);
      void this.#keepProbing();
    }
    return isThere;
  }

  /** Probes at once instead of when the next probe is due: the line may be back. */
  probeNow(): void {
    this.#wake?.();
  }

  /** Resolves once the store can be reached; rejects with the signal's reason when aborted. */
  whenReachable(signal: AbortSignal): Promise<void> {
    if (this.#isReachable) return Promise.resolve();
    return abortable(signal, (resolve) => {
      this.#waiting.add(resolve);
      return () => this.#waiting.delete(resolve);
    });
  }

  async #probe(): Promise<boolean> {
    try {
      return await this.#transport.probe(this.#url, this.#lifetime);
    } finally {
      this.#probing = null;
    }
  }

  async #keepProbing(): Promise<void> {
    const since = this.#clock.monotonic();
    while (!this.#isReachable && !this.#lifetime.aborted) {
      const every =
        this.#clock.monotonic() - since < LONG_INTERVAL_AFTER_MS ? PROBE_INTERVAL_MS : LONG_PROBE_INTERVAL_MS;
      // 0.7 to 1.0 of the interval: never later than promised
      await this.#sleep(every * (0.7 + 0.3 * this.#clock.random()));
      if (!this.#isReachable && (await (this.#probing ??= this.#probe()))) this.#update(true);
    }
  }

  async #sleep(delay: number): Promise<void> {
    const { over, wake } = cancellableSleep(this.#clock, delay, this.#lifetime);
    this.#wake = wake;
    await over.catch(() => {});
    this.#wake = null;
  }

  #update(isReachable: boolean): void {
    if (isReachable === this.#isReachable) return;
    this.#isReachable = isReachable;
    if (isReachable) {
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const go of waiting) go();
      this.#wake?.();
    }
    this.#onChange(isReachable);
  }
}
