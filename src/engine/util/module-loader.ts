/** Delay before a module is requested again, and its maximum. */
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
/** Time without an answer that counts as a failure. */
const LOAD_TIMEOUT_MS = 30_000;

/**
 * Loads a module when it is first needed, once for all callers. Retries without end, because the page may have lost its
 * network meanwhile.
 */
export class ModuleLoader<T> {
  /** Failures since the module was first requested; 0 once it is loaded. */
  failures = 0;
  /** When the next attempt after a failure is due, in epoch milliseconds; null before the first failure. */
  retryAt: number | null = null;
  #loading: Promise<T> | null = null;
  /** Called after each failure; null once the module is loaded, so that no caller is kept in memory. */
  #listeners: Set<() => void> | null = new Set();
  /** Ends the delay before the next attempt. */
  #wake = (): void => {};

  /** @param consequence completes the warning on the console: "could not be loaded; … until it can be" */
  constructor(
    private readonly importModule: () => Promise<T>,
    private readonly consequence: string,
  ) {}

  /** @returns the module; never rejects */
  load(): Promise<T> {
    return (this.#loading ??= this.#loadWithRetries());
  }

  /** Calls a listener after each failure, until the module is loaded. */
  onFailure(listener: () => void): void {
    this.#listeners?.add(listener);
  }

  /** Makes the next attempt now, if one is pending. */
  retryNow(): void {
    this.#wake();
  }

  async #loadWithRetries(): Promise<T> {
    for (let wait = FIRST_DELAY_MS; ; wait = Math.min(wait * 2, MAX_DELAY_MS)) {
      try {
        const module = await withTimeout(this.importModule());
        this.failures = 0;
        this.#listeners = null;
        return module;
      } catch (error) {
        this.#onFirstFailure(error);
        this.failures++;
        this.retryAt = Date.now() + wait;
        for (const listener of this.#listeners!) listener();
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          setTimeout(resolve, wait);
        });
      }
    }
  }

  #onFirstFailure(error: unknown): void {
    if (this.failures > 0) return;
    console.warn(`mule-upload: a part of its code could not be loaded; ${this.consequence} until it can be.`, error);
    globalThis.addEventListener?.('online', () => this.#wake());
  }
}

function withTimeout<T>(loading: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), LOAD_TIMEOUT_MS);
  });
  return Promise.race([loading, silence]).finally(() => clearTimeout(timer));
}
