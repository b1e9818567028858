/** Bytes per millisecond that a request is taken to have at least, before any was measured: with progress, and without. */
const MIN_BYTES_PER_MS = 512;
const MIN_BYTES_PER_MS_HIDDEN = 32;
/** Bytes of a body that tells more of the network than of latency. */
export const MIN_MEASURED_BYTES = 262_144;

const currentController = (): unknown => globalThis.navigator?.serviceWorker?.controller ?? null;

/**
 * Learns, for one origin, whether upload progress events arrive and how long requests with a body take. No browser
 * fires upload progress for a request that a service worker answers: silence then says nothing about the connection.
 * @see https://github.com/whatwg/xhr/issues/286
 */
export class RequestPace {
  /** Null while unknown. */
  #hasProgress: boolean | null = null;
  /** The service worker under which that was learned. */
  #controller = currentController();
  /** Of the slower requests among the latest; 0 while none was measured. */
  #msPerByte = 0;

  /** Whether progress is hidden, or may be as far as is known. */
  get isProgressHidden(): boolean {
    const controller = currentController();
    if (controller !== this.#controller) this.#hasProgress = null;
    this.#controller = controller;
    return !(this.#hasProgress ?? controller === null);
  }

  /**
   * Gives the milliseconds after which a request should have been answered.
   * @param size bytes of its body
   * @param msPerByte as its own progress shows; 0 where it shows nothing
   */
  expectedDuration(size: number, msPerByte: number): number {
    if (this.isProgressHidden) return size * (this.#msPerByte * 3 || 1 / MIN_BYTES_PER_MS_HIDDEN);
    return size * 2 * Math.max(msPerByte, this.#msPerByte || 1 / MIN_BYTES_PER_MS);
  }

  /** Records a progress event. */
  recordProgress(): void {
    this.#hasProgress = true;
  }

  /** Records an answer, milliseconds after its request began. @param isHeard whether any progress event came before it */
  recordAnswer(size: number, duration: number, isHeard: boolean): void {
    if (size < MIN_MEASURED_BYTES) return;
    // a body that fits into the network's buffers may go without a word
    if (!isHeard && duration > 1_000) this.#hasProgress = false;
    const latest = duration / size;
    this.#msPerByte = Math.max(latest, (this.#msPerByte + latest) / 2);
  }

  /** Records a request that was dropped without a single progress event: the next one gets more time. */
  recordSilentDrop(): void {
    if (this.isProgressHidden) this.#msPerByte = 2 * (this.#msPerByte || 1 / MIN_BYTES_PER_MS_HIDDEN / 3);
    this.#hasProgress ??= false;
  }
}
