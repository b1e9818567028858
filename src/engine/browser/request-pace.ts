/** Throughput assumed until a request was measured, in bytes per millisecond. */
const ASSUMED_BYTES_PER_MS = 512;
/** The same while progress is hidden. */
const ASSUMED_BYTES_PER_MS_HIDDEN = 96;
/** How much longer than measured or assumed a request may take while progress is hidden. */
const HIDDEN_MARGIN = 3;
/** Minimum bytes of a measured body: the duration of a smaller one depends more on latency than on throughput. */
export const MIN_MEASURED_BYTES = 262_144;

const serviceWorkerController = (): unknown => globalThis.navigator?.serviceWorker?.controller ?? null;

/**
 * Learns, for one origin, whether upload progress events fire and how long requests with a body take. No browser fires
 * upload progress events for a request that a service worker answers, so their absence says nothing about the connection.
 * @see https://github.com/whatwg/xhr/issues/286
 */
export class RequestPace {
  /** Whether upload progress events fire; null while unknown. */
  #hasProgress: boolean | null = null;
  /** The service worker under which `#hasProgress` was learned. */
  #controller = serviceWorkerController();
  /** Measured milliseconds per byte: rises at once after a slower request, and falls gradually; 0 until one was measured. */
  #msPerByte = 0;

  /** Whether no progress events fire. While that is unknown: whether a service worker may hide them. */
  get isProgressHidden(): boolean {
    const controller = serviceWorkerController();
    // another service worker, or none any more: it has to be learned again
    if (controller !== this.#controller) this.#hasProgress = null;
    this.#controller = controller;
    return this.#hasProgress === null ? controller !== null : !this.#hasProgress;
  }

  /**
   * Returns the milliseconds after which a request should have been answered.
   * @param size bytes of its body
   * @param ownMsPerByte measured by the request's own progress events; 0 if there were none
   */
  expectedDuration(size: number, ownMsPerByte: number): number {
    if (this.isProgressHidden) return size * HIDDEN_MARGIN * (this.#msPerByte || 1 / ASSUMED_BYTES_PER_MS_HIDDEN);
    return size * 2 * Math.max(ownMsPerByte, this.#msPerByte || 1 / ASSUMED_BYTES_PER_MS);
  }

  /** Records a progress event. */
  recordProgress(): void {
    this.#hasProgress = true;
  }

  /**
   * Records an answer.
   * @param size bytes of the request's body
   * @param duration milliseconds from the start of the request
   * @param hadProgress whether a progress event came before it
   */
  recordAnswer(size: number, duration: number, hadProgress: boolean): void {
    if (size < MIN_MEASURED_BYTES) return;
    // a body that fits into the network's buffers may be sent without a progress event
    if (!hadProgress && duration > 1_000) this.#hasProgress = false;
    const latest = duration / size;
    this.#msPerByte = Math.max(latest, (this.#msPerByte + latest) / 2);
  }

  /**
   * Records a request that was dropped without any progress event. If progress is hidden, the next request gets twice the
   * time; if that is not known, progress counts as hidden from now on.
   */
  recordSilentDrop(): void {
    if (this.isProgressHidden) this.#msPerByte = 2 * (this.#msPerByte || 1 / ASSUMED_BYTES_PER_MS_HIDDEN);
    this.#hasProgress ??= false;
  }
}
