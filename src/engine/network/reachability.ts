import { abortable } from '../util/abort.js';
import { cancellableSleep } from '../util/timing.js';
import type { Clock, Transport } from '../ports.js';

const MIN_PROBE_INTERVAL_MS = 250;
/** Interval between probes as a share of the outage so far, so that probing prolongs an outage by at most this share. */
const INTERVAL_SHARE = 1 / 16;
const PROBE_INTERVAL_MS = 3_000;
const LONG_PROBE_INTERVAL_MS = 30_000;
/** Duration of an outage after which probes use the long interval. */
const LONG_INTERVAL_AFTER_MS = 600_000;

/**
 * Tracks whether one store can be reached. After a request without an answer it sends one small probe at a time: after
 * 250 ms at first, later every 3 s, and after ten minutes every 30 s. Jitter prevents many pages from probing at once.
 */
export class Reachability {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #url: string;
  readonly #onChange: (isReachable: boolean) => void;
  readonly #lifetime: AbortSignal;
  #isReachable = true;
  #probing: Promise<boolean> | null = null;
  readonly #waiters = new Set<() => void>();
  #wake: (() => void) | null = null;

  /**
   * @param url any URL of the store, without a signature
   * @param lifetime ends all probing when it aborts
   */
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

  /** Records that the store answered with any status, even 503. */
  recordAnswer(): void {
    this.#update(true);
  }

  /** Probes the store after a request without an answer. If it cannot be reached, probing continues by itself. */
  async check(): Promise<boolean> {
    const isReachable = await (this.#probing ??= this.#probe());
    if (isReachable) this.#update(true);
    else if (this.#isReachable && !this.#lifetime.aborted) {
      this.#update(false);
      void this.#keepProbing();
    }
    return isReachable;
  }

  /** Sends the next probe now, because the connection may be back. */
  probeNow(): void {
    this.#wake?.();
  }

  /** Resolves once the store can be reached; rejects with the signal's reason when aborted. */
  whenReachable(signal: AbortSignal): Promise<void> {
    if (this.#isReachable) return Promise.resolve();
    return abortable(signal, (resolve) => {
      this.#waiters.add(resolve);
      return () => this.#waiters.delete(resolve);
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
    const outageStartedAt = this.#clock.monotonic();
    while (!this.#isReachable && !this.#lifetime.aborted) {
      // jitter only shortens the interval: `RetryDetail.delay` is an upper bound
      const intervalMs = intervalAfter(this.#clock.monotonic() - outageStartedAt);
      await this.#sleep(intervalMs * (0.7 + 0.3 * this.#clock.random()));
      if (!this.#isReachable && (await (this.#probing ??= this.#probe()))) this.#update(true);
    }
  }

  async #sleep(delayMs: number): Promise<void> {
    const { over, wake } = cancellableSleep(this.#clock, delayMs, this.#lifetime);
    this.#wake = wake;
    await over.catch(() => {});
    this.#wake = null;
  }

  #update(isReachable: boolean): void {
    if (isReachable === this.#isReachable) return;
    this.#isReachable = isReachable;
    if (isReachable) {
      const waiters = [...this.#waiters];
      this.#waiters.clear();
      for (const resolve of waiters) resolve();
      this.#wake?.();
    }
    this.#onChange(isReachable);
  }
}

/** Returns the milliseconds between two probes. @param elapsedMs duration of the outage so far */
const intervalAfter = (elapsedMs: number): number =>
  elapsedMs < LONG_INTERVAL_AFTER_MS
    ? Math.min(Math.max(elapsedMs * INTERVAL_SHARE, MIN_PROBE_INTERVAL_MS), PROBE_INTERVAL_MS)
    : LONG_PROBE_INTERVAL_MS;
