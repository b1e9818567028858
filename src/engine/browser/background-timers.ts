import { isHidden, onVisibilityChange } from './page-environment.js';
import type { TimerWorker } from './timer-worker.js';

/** A longer delay would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;
/** Time after which a worker without timers is terminated. */
const IDLE_MS = 10_000;

interface Timer {
  callback: () => void;
  /** When it fires, by `performance.now()`. */
  due: number;
  handle: ReturnType<typeof setTimeout>;
}

/**
 * Timers that fire on time in hidden pages too, where browsers run a page's own timers about once a minute.
 *
 * Each timer is a timer of the page. While the page is hidden, a worker runs it as well, and the one that
 * fires first runs the callback. So timers still work where a policy (`worker-src`) blocks the worker, and a visible page
 * needs none. The worker is terminated when the page is shown, and before it enters the back-forward cache.
 * @see https://developer.chrome.com/blog/timer-throttling-in-chrome-88
 */
export class BackgroundTimers {
  readonly #timers = new Map<number, Timer>();
  #lastId = 0;
  /** Null until `useWorker()` was called. */
  #worker: TimerWorker | null = null;
  /** Whether the page is hidden, but neither unloaded nor in the back-forward cache. */
  #needsWorker = false;
  #stopListening: (() => void) | null = null;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  /** Makes timers use a worker while the page is hidden, those that are already set too. Its code is loaded later. */
  useWorker(WorkerClass: typeof TimerWorker): void {
    this.#worker ??= new WorkerClass((id) => this.#fire(id));
    if (this.#needsWorker) this.#passAllToWorker();
  }

  /**
   * @param requestedMs delay, which is limited to 24 days
   * @returns a function that cancels the timer
   */
  set(callback: () => void, requestedMs: number): () => void {
    const delayMs = Math.min(requestedMs, MAX_DELAY_MS);
    const id = ++this.#lastId;
    const handle = setTimeout(() => this.#fire(id), delayMs);
    this.#timers.set(id, { callback, handle, due: performance.now() + delayMs });
    this.#listen();
    if (this.#needsWorker) this.#worker?.set(id, delayMs);
    return () => this.#remove(id);
  }

  #fire(id: number): void {
    const timer = this.#timers.get(id);
    if (!timer) return;
    this.#remove(id);
    timer.callback();
  }

  #remove(id: number): void {
    const timer = this.#timers.get(id);
    if (!timer) return;
    this.#timers.delete(id);
    clearTimeout(timer.handle);
    this.#worker?.clear(id);
    if (this.#timers.size) return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#releaseIfIdle(), IDLE_MS);
  }

  /** Terminates the worker and removes the listeners unless a timer was set meanwhile. */
  #releaseIfIdle(): void {
    if (this.#timers.size) return;
    this.#stopListening?.();
    this.#stopListening = null;
    this.#needsWorker = false;
    this.#worker?.terminate();
  }

  #listen(): void {
    if (this.#stopListening) return;
    this.#needsWorker = isHidden();
    this.#stopListening = onVisibilityChange((isPageHidden, isGone) => {
      this.#needsWorker = isPageHidden && !isGone;
      if (this.#needsWorker) this.#passAllToWorker();
      else this.#worker?.terminate();
    });
  }

  #passAllToWorker(): void {
    for (const [id, { due }] of this.#timers) this.#worker?.set(id, Math.max(0, due - performance.now()));
  }
}
