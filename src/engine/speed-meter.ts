/** Milliseconds over which older speed is forgotten. */
const MEMORY = 3_000;

/** Bytes per second, smoothed: an exponential average that is not biased towards 0 at its start. */
export class SpeedMeter {
  #average = 0;
  #weight = 0;
  #bytes = 0;
  #time: number | null = null;

  /** Takes in how many bytes have gone in all, and when (milliseconds of a clock that never runs backwards). */
  sample(bytes: number, time: number): void {
    if (this.#time !== null) {
      const elapsed = time - this.#time;
      if (elapsed <= 0) return;
      const keep = Math.exp(-elapsed / MEMORY);
      this.#average = this.#average * keep + ((bytes - this.#bytes) / elapsed) * 1_000 * (1 - keep);
      this.#weight = this.#weight * keep + 1 - keep;
    }
    this.#bytes = bytes;
    this.#time = time;
  }

  /** Forgets: what comes next was not sent in one go with what came before. */
  reset(): void {
    this.#average = this.#weight = 0;
    this.#time = null;
  }

  get speed(): number {
    return this.#weight > 0 ? Math.max(0, this.#average / this.#weight) : 0;
  }
}
