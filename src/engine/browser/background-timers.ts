import { isHidden, onVisibilityChange } from './page-environment.js';

/**
 * Source of the worker: sets and clears timers by ID, and posts the ID when one fires. It is loaded from a Blob: bundlers
 * would have to find a separate file, and a page may not start a worker from another origin.
 */
const WORKER =
  'let t={};onmessage=({data:[id,delay]})=>{clearTimeout(t[id]);delete t[id];if(delay>=0)t[id]=setTimeout(()=>{delete t[id];postMessage(id)},delay)}';
/** Time that a worker without timers is kept. */
const IDLE_MS = 10_000;

interface Timer {
  callback: () => void;
  /** In the time of `performance.now()`. */
  due: number;
  handle: ReturnType<typeof setTimeout>;
}

/**
 * Timers that fire on time in hidden pages too, where browsers run a page's own timers about once a minute.
 *
 * Each timer is a timer of the page. While the page is hidden, a worker runs it as well, and whichever fires first
 * counts. So timers still work where a policy (`worker-src`) blocks the worker, and a visible page needs none. The worker
 * is terminated when the page is shown, and before it enters the back-forward cache.
 * @see https://developer.chrome.com/blog/timer-throttling-in-chrome-88
 */
export class BackgroundTimers {
  readonly #timers = new Map<number, Timer>();
  #lastId = 0;
  #worker: Worker | null = null;
  #url = '';
  #isBlocked = false;
  /** Whether the page is hidden and still there. */
  #needsWorker = false;
  #stopListening: (() => void) | null = null;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param delay milliseconds
   * @returns a function that cancels the timer
   */
  set(callback: () => void, delay: number): () => void {
    const id = ++this.#lastId;
    const handle = setTimeout(() => this.#fire(id), delay);
    this.#timers.set(id, { callback, handle, due: performance.now() + delay });
    this.#listen();
    if (this.#needsWorker) this.#post(id, delay);
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
    this.#worker?.postMessage([id, -1]);
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
    this.#terminate();
  }

  #listen(): void {
    if (this.#stopListening) return;
    this.#needsWorker = isHidden();
    this.#stopListening = onVisibilityChange((isPageHidden, isGone) => {
      this.#needsWorker = isPageHidden && !isGone;
      if (!this.#needsWorker) this.#terminate();
      else for (const [id, { due }] of this.#timers) this.#post(id, Math.max(0, due - performance.now()));
    });
  }

  #post(id: number, delay: number): void {
    this.#worker ??= this.#start();
    this.#worker?.postMessage([id, delay]);
  }

  #start(): Worker | null {
    if (this.#isBlocked) return null;
    try {
      this.#url ||= URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }));
      const worker = new Worker(this.#url);
      worker.onmessage = ({ data }: MessageEvent<number>) => this.#fire(data);
      // a policy that blocks it is reported by the browser; a second attempt would only report it again
      worker.onerror = () => this.#onBlocked();
      return worker;
    } catch {
      this.#onBlocked();
      return null;
    }
  }

  #onBlocked(): void {
    this.#isBlocked = true;
    URL.revokeObjectURL(this.#url);
    this.#terminate();
  }

  #terminate(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}
