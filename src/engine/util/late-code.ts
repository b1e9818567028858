import type { Clock } from '../ports.js';
import { withTimeout } from './abort.js';
import { backoff, cancellableSleep } from './timing.js';

/** Timeout of one request for the code. */
const LOAD_TIMEOUT_MS = 15_000;

/** Failed requests after which callers are notified. */
const FAILURES_UNTIL_REPORT = 3;

/** Loads a module separately from the main code; requests it again until it is there. */
export class LateCode<T> {
  readonly #request: () => Promise<T>;
  readonly #clock: Clock;
  readonly #lifetime: AbortSignal;
  #loaded: T | null = null;
  #loading: Promise<T> | null = null;
  #wake = (): void => {};
  #failures = 0;
  /** Called once it has failed repeatedly. */
  readonly #onFailing = new Set<() => void>();

  /** @param request called again after each failure @param lifetime stops the requests when aborted */
  constructor(request: () => Promise<T>, clock: Clock, lifetime: AbortSignal) {
    this.#request = request;
    this.#clock = clock;
    this.#lifetime = lifetime;
  }

  /** Null until it is loaded. */
  get loaded(): T | null {
    return this.#loaded;
  }

  /** Resolves once it is loaded; rejects only if `lifetime` aborts first. @param onFailing called if it fails repeatedly */
  load(onFailing?: () => void): Promise<T> {
    if (onFailing && this.#failures >= FAILURES_UNTIL_REPORT) onFailing();
    else if (onFailing) this.#onFailing.add(onFailing);
    if (!this.#loading) {
      this.#loading = this.#requestUntilLoaded();
      // no unhandled rejection if no caller waits
      this.#loading.catch(() => {});
    }
    return this.#loading;
  }

  /** Ends the delay before the next request: the network may be back. */
  retryNow(): void {
    this.#wake();
  }

  async #requestUntilLoaded(): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#loaded = await withTimeout(this.#clock, LOAD_TIMEOUT_MS, this.#lifetime, () => this.#request());
        this.#onFailing.clear();
        return this.#loaded;
      } catch (error) {
        this.#lifetime.throwIfAborted();
        if (++this.#failures === FAILURES_UNTIL_REPORT) for (const report of this.#onFailing) report();
        if (attempt === 1) console.warn('mule-upload: code could not be loaded. Retrying.', error);
        const { over, wake } = cancellableSleep(this.#clock, backoff(attempt, this.#clock.random()), this.#lifetime);
        this.#wake = wake;
        await over;
      }
    }
  }
}
