import { isHidden, onVisibilityChange } from './page-environment.js';

/**
 * What the worker runs: timers by number, told off by number. Written as text because it has to come as a Blob: a file
 * of its own would have to be found by every bundler, and from another origin no page may start it.
 */
const WORKER = `const timers = new Map();
onmessage = ({ data: [id, delay] }) => {
  clearTimeout(timers.get(id));
  timers.delete(id);
  if (delay >= 0) timers.set(id, setTimeout(() => { timers.delete(id); postMessage(id); }, delay));
};`;
/** Milliseconds that a worker with nothing to time is kept. */
const IDLE_MS = 10_000;

interface Timer {
  callback: () => void;
  /** By `performance.now()`. */
  due: number;
  handle: ReturnType<typeof setTimeout>;
}

/**
 * Timers that run on time in hidden pages too, where a page's own run about once a minute. Each is the page's own
 * timer; while the page is hidden a worker times it as well, and the first to say so counts. So nothing is lost where
 * a policy (`worker-src`) forbids the worker, and nothing spent while the page is seen. The worker ends with the page's
 * being hidden, and before the page goes into the back-forward cache.
 * @see https://developer.chrome.com/blog/timer-throttling-in-chrome-88
 */
export class BackgroundTimers {
  readonly #timers = new Map<number, Timer>();
  #lastId = 0;
  #worker: Worker | null = null;
  #url = '';
  #isRefused = false;
  /** Whether the page is seen, or gone. */
  #isPageVisible = true;
  #stopWatching: (() => void) | null = null;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  /** @returns a function that cancels the timer */
  set(callback: () => void, delay: number): () => void {
    const id = ++this.#lastId;
    const handle = setTimeout(() => this.#fire(id), delay);
    this.#timers.set(id, { callback, handle, due: performance.now() + delay });
    this.#watch();
    if (!this.#isPageVisible) this.#post(id, delay);
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

  /** With no timer left for a while neither worker nor listeners stay behind. */
  #releaseIfIdle(): void {
    if (this.#timers.size) return;
    this.#stopWatching?.();
    this.#stopWatching = null;
    this.#isPageVisible = true;
    this.#terminate();
  }

  #watch(): void {
    if (this.#stopWatching) return;
    this.#isPageVisible = !isHidden();
    this.#stopWatching = onVisibilityChange((hidden, isGone) => {
      this.#isPageVisible = !hidden || isGone;
      if (this.#isPageVisible) this.#terminate();
      else for (const [id, { due }] of this.#timers) this.#post(id, Math.max(0, due - performance.now()));
    });
  }

  #post(id: number, delay: number): void {
    this.#worker ??= this.#start();
    this.#worker?.postMessage([id, delay]);
  }

  #start(): Worker | null {
    if (this.#isRefused) return null;
    try {
      this.#url ||= URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }));
      const worker = new Worker(this.#url);
      worker.onmessage = ({ data }: MessageEvent<number>) => this.#fire(data);
      // where a policy forbids it the browser says so by itself, once: it is not tried again
      worker.onerror = () => this.#refuse();
      return worker;
    } catch {
      this.#refuse();
      return null;
    }
  }

  #refuse(): void {
    this.#isRefused = true;
    URL.revokeObjectURL(this.#url);
    this.#terminate();
  }

  #terminate(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}
