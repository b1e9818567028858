/**
 * Source of the worker: sets and clears timers by ID, and posts the ID when one fires. It is loaded from a Blob:
 * bundlers would have to find a separate file, and a page may not start a worker from another origin.
 */
const WORKER_SOURCE =
  'let t={};onmessage=({data:[id,delay]})=>{clearTimeout(t[id]);delete t[id];if(delay>=0)t[id]=setTimeout(()=>{delete t[id];postMessage(id)},delay)}';

/** Runs timers in a worker, which is started for the first of them. Browsers do not throttle it in a hidden page. */
export class TimerWorker {
  readonly #onFire: (id: number) => void;
  #worker: Worker | null = null;
  #url = '';
  #isBlocked = false;

  /** @param onFire called when a timer fires */
  constructor(onFire: (id: number) => void) {
    this.#onFire = onFire;
  }

  /** Sets a timer, unless a policy (`worker-src`) blocks the worker. @param delayMs 0 or more */
  set(id: number, delayMs: number): void {
    this.#worker ??= this.#start();
    this.#worker?.postMessage([id, delayMs]);
  }

  clear(id: number): void {
    this.#worker?.postMessage([id, -1]);
  }

  /** Terminates the worker with all timers. The next timer starts another one. */
  terminate(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }

  #start(): Worker | null {
    if (this.#isBlocked) return null;
    try {
      this.#url ||= URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }));
      const worker = new Worker(this.#url);
      worker.onmessage = ({ data }: MessageEvent<number>) => this.#onFire(data);
      // the browser reports a policy that blocks the worker; a second attempt would only report it again
      worker.onerror = () => this.#handleBlock();
      return worker;
    } catch {
      this.#handleBlock();
      return null;
    }
  }

  #handleBlock(): void {
    this.#isBlocked = true;
    URL.revokeObjectURL(this.#url);
    this.terminate();
  }
}
