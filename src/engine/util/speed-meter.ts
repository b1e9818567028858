/** Milliseconds over which older speed is forgotten. */
const TIME_CONSTANT_MS = 3_000;

/** Milliseconds without a byte, beyond twice the usual gap between two samples, after which the speed is 0. */
const STOPPED_AFTER_MS = 8_000;

/** Bytes per second, smoothed: an exponential average that is not biased towards 0 at its start. */
export class SpeedMeter {
  #average = 0;
  #weight = 0;
  #bytes = 0;
  /** When the last bytes were sampled, and for how long none had been before. */
  #time: number | null = null;
  #gap = 0;

  /** Records how many bytes have gone in all, and when (milliseconds of a clock that never runs backwards). */
  sample(bytes: number, time: number): void {
    if (this.#time !== null) {
      const elapsed = time - this.#time;
      // bytes that come in lumps are as fast as the time between two lumps says
      if (elapsed <= 0 || bytes === this.#bytes) return;
      this.#gap = elapsed;
      const keep = Math.exp(-elapsed / TIME_CONSTANT_MS);
      this.#average = this.#average * keep + ((bytes - this.#bytes) / elapsed) * 1_000 * (1 - keep);
      this.#weight = this.#weight * keep + 1 - keep;
    }
    this.#bytes = bytes;
    this.#time = time;
  }

  /** Forgets: what comes next was not sent in one go with what came before. */
  reset(): void {
    this.#average = this.#weight = this.#gap = 0;
    this.#time = null;
  }

  /** Gives the speed; it decays while no bytes move. @param now by the clock of the samples */
  speed(now: number): number {
    const idle = now - (this.#time ?? now) - 2 * this.#gap;
    if (this.#weight <= 0 || idle >= STOPPED_AFTER_MS) return 0;
    return Math.max(0, this.#average / this.#weight) * Math.exp(-Math.max(0, idle) / TIME_CONSTANT_MS);
  }
}
