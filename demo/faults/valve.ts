/** Limits the rate of bytes, and passes none while it is closed. */
export class Valve {
  #rate: number;
  #next = 0;
  #isShut = false;
  readonly #waiting = new Set<() => void>();

  /** @param rate bytes per second; Infinity: no limit */
  constructor(rate: number) {
    this.#rate = rate;
  }

  setRate(rate: number): void {
    this.#rate = rate;
    this.#next = 0;
  }

  setClosed(isShut: boolean): void {
    this.#isShut = isShut;
    if (isShut) return;
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /** Whether bytes may pass without waiting. */
  get isOpen(): boolean {
    return !this.#isShut && this.#rate === Infinity;
  }

  /** Calls back when this number of bytes may pass. */
  pass(bytes: number, go: () => void): void {
    if (this.#isShut) {
      this.#waiting.add(() => this.pass(bytes, go));
      return;
    }
    const now = performance.now();
    this.#next = Math.max(now, this.#next) + (bytes / this.#rate) * 1000;
    setTimeout(go, this.#next - now);
  }
}
