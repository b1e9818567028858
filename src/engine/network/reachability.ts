import { abortable } from '../util/abort.js';
import { cancellableSleep } from '../util/timing.js';
import type { Clock, Transport } from '../ports.js';

const MIN_PROBE_INTERVAL_MS = 250;
/** Growth of the interval: a share of the time without a response, so that the wait grows by no more than that. */
const INTERVAL_SHARE = 1 / 16;
const PROBE_INTERVAL_MS = 3_000;
const LONG_PROBE_INTERVAL_MS = 30_000;
/** Time without a response after which probes use the long interval. */
const LONG_INTERVAL_AFTER_MS = 600_000;

/**
 * Tracks whether one store can be reached. After a request without an answer it sends one small probe at a time: the first
 * after 250 ms, later every 3 s, and after ten minutes every 30 s. Jitter keeps many pages from probing at the same moment.
 */
export class Reachability {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #url: string;
  readonly #onChange: (isReachable: boolean) => void;
  readonly #lifetime: AbortSignal;
  #isReachable = true;
  #probing: Promise<boolean> | null = null;
  readonly #waiting = new Set<() => void>();
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

  /** Records that the store answered. Any answer counts, a 503 too. */
  recordAnswer(): void {
    this.#update(true);
  }

  /** Probes the store after a request without an answer. If it cannot be reached, probing continues by itself. */
  async check(): Promise<boolean> {
    const isAnswering = await (this.#probing ??= this.#probe());
    if (isAnswering) this.#update(true);
    else if (this.#isReachable && !this.#lifetime.aborted) {
      this.#update(false);
      void this.#keepProbing();
    }
    return isAnswering;
  }

  /** Sends the next probe now, because the connection may be back. */
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
      // jitter only shortens the interval: `RetryDetail.delay` is an upper bound
      const interval = intervalAfter(this.#clock.monotonic() - since);
      await this.#sleep(interval * (0.7 + 0.3 * this.#clock.random()));
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
      for (const resolve of waiting) resolve();
      this.#wake?.();
    }
    this.#onChange(isReachable);
  }
}

/** Milliseconds between two probes. @param elapsed milliseconds without a response */
const intervalAfter = (elapsed: number): number =>
  elapsed < LONG_INTERVAL_AFTER_MS
    ? Math.min(Math.max(elapsed * INTERVAL_SHARE, MIN_PROBE_INTERVAL_MS), PROBE_INTERVAL_MS)
    : LONG_PROBE_INTERVAL_MS;
