/** Limits a rate of bytes. A closed valve admits no bytes; those that were admitted before still pass. */
export class Valve {
  #rate: number;
  /** When the bytes that were admitted so far have passed, on the clock of `performance`. */
  #busyUntil = 0;
  #isClosed = false;
  readonly #waiting = new Set<() => void>();

  /** @param rate bytes per second; Infinity for no limit */
  constructor(rate: number) {
    this.#rate = rate;
  }

  setRate(rate: number): void {
    this.#rate = rate;
    this.#busyUntil = 0;
  }

  setClosed(isClosed: boolean): void {
    this.#isClosed = isClosed;
    if (isClosed) return;
    for (const resume of this.#waiting) resume();
    this.#waiting.clear();
  }

  /** Whether bytes may pass without waiting. */
  get isOpen(): boolean {
    return !this.#isClosed && this.#rate === Infinity;
  }

  /** Admits a number of bytes when the valve is open, and calls `onPass` when they have passed. */
  pass(bytes: number, onPass: () => void): void {
    if (this.#isClosed) {
      this.#waiting.add(() => this.pass(bytes, onPass));
      return;
    }
    const now = performance.now();
    this.#busyUntil = Math.max(now, this.#busyUntil) + (bytes / this.#rate) * 1000;
    setTimeout(onPass, this.#busyUntil - now);
  }
}
