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
  /** When the next attempt is due, in epoch milliseconds; null while none is pending. */
  retryAt: number | null = null;
  #loading: Promise<T> | null = null;
  readonly #listeners = new Set<() => void>();
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
    this.#listeners.add(listener);
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
        this.retryAt = null;
        this.#listeners.clear();
        return module;
      } catch (error) {
        if (!this.failures++)
          console.warn(
            `mule-upload: a part of its code could not be loaded; ${this.consequence} until it can be.`,
            error,
          );
        this.retryAt = Date.now() + wait;
        for (const listener of this.#listeners) listener();
        await this.#delay(wait);
      }
    }
  }

  /** Resolves after a delay, or at once when the browser is online again. */
  #delay(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        globalThis.removeEventListener?.('online', go);
        resolve();
      };
      const timer = setTimeout(go, milliseconds);
      globalThis.addEventListener?.('online', go);
      this.#wake = go;
    });
  }
}

function withTimeout<T>(loading: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), LOAD_TIMEOUT_MS);
  });
  return Promise.race([loading, silence]).finally(() => clearTimeout(timer));
}
