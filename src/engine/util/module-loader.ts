import type { Clock } from '../ports.js';

/** Delay before a module is requested again, and its maximum. */
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
/** Time without an answer that counts as a failure. */
const LOAD_TIMEOUT_MS = 30_000;
/** Failures after which the page is notified. */
const FAILURES_UNTIL_REPORT = 3;

/** The parts of the clock that a loader needs. */
type Timers = Pick<Clock, 'now' | 'setTimer'>;

/**
 * Loads a module when it is first needed, once for all callers. Requests it again until it is loaded, because the page
 * may have lost its network.
 */
export class ModuleLoader<T> {
  /** The module; null until it is loaded. */
  loaded: T | null = null;
  /** Failures since the module was first requested; 0 once it is loaded. */
  failures = 0;
  /** Time of the next request after a failure, in epoch milliseconds; null if no request has failed, or once it is loaded. */
  retryAt: number | null = null;
  readonly #importModule: () => Promise<T>;
  readonly #timers: Timers;
  #loading: Promise<T> | null = null;
  /** Called after each failure; null once the module is loaded, so that no caller is kept in memory. */
  #listeners: Set<() => void> | null = new Set();
  /** Ends the delay before the next request. */
  #wake = (): void => {};

  /** @param importModule called again after each failure */
  constructor(importModule: () => Promise<T>, timers: Timers) {
    this.#importModule = importModule;
    this.#timers = timers;
  }

  /** Whether requests have failed so often that the page should be notified. */
  get failsRepeatedly(): boolean {
    return this.failures >= FAILURES_UNTIL_REPORT;
  }

  /** @returns the module; never rejects */
  load(): Promise<T> {
    return (this.#loading ??= this.#requestUntilLoaded());
  }

  /** Calls a listener after each failure, until the module is loaded. */
  onFailure(listener: () => void): void {
    this.#listeners?.add(listener);
  }

  /** Sends the next request now, if one is pending. */
  retryNow(): void {
    this.#wake();
  }

  async #requestUntilLoaded(): Promise<T> {
    for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, MAX_DELAY_MS)) {
      try {
        this.loaded = await this.#request();
        this.failures = 0;
        this.retryAt = this.#listeners = null;
        return this.loaded;
      } catch (error) {
        if (!this.failures++) this.#handleFirstFailure(error);
        this.retryAt = this.#timers.now() + delay;
        for (const listener of this.#listeners!) listener();
        await new Promise<void>((resolve) => {
          const cancel = this.#timers.setTimer(resolve, delay);
          this.#wake = () => {
            cancel();
            resolve();
          };
        });
      }
    }
  }

  #request(): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.setTimer(() => reject(new Error('no answer')), LOAD_TIMEOUT_MS);
      this.#importModule().then(resolve, reject).finally(cancel);
    });
  }

  #handleFirstFailure(error: unknown): void {
    console.warn('mule-upload: code could not be loaded. Retrying.', error);
    globalThis.addEventListener?.('online', () => this.#wake());
  }
}
