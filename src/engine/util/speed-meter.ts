/** Time constant of the exponential average: older samples fade out over about this time. */
const TIME_CONSTANT_MS = 3_000;
/** The speed is 0 after this time without a byte, on top of twice the usual gap between samples. */
const STOPPED_AFTER_MS = 8_000;

/** Measures a speed in bytes per second as an exponential average that has no bias towards 0 at its start. */
export class SpeedMeter {
  #average = 0;
  #weight = 0;
  #bytes = 0;
  /** Time of the last sample with new bytes, and the time between it and the one before. */
  #time: number | null = null;
  #gap = 0;

  /**
   * Records a sample.
   * @param bytes total so far
   * @param time milliseconds of a monotonic clock
   */
  sample(bytes: number, time: number): void {
    if (this.#time !== null) {
      const elapsed = time - this.#time;
      // bytes that arrive in bursts are spread over the time between two bursts
      if (elapsed <= 0 || bytes === this.#bytes) return;
      this.#gap = elapsed;
      const keep = Math.exp(-elapsed / TIME_CONSTANT_MS);
      this.#average = this.#average * keep + ((bytes - this.#bytes) / elapsed) * 1_000 * (1 - keep);
      this.#weight = this.#weight * keep + 1 - keep;
    }
    this.#bytes = bytes;
    this.#time = time;
  }

  /** Discards all samples, because sending was interrupted. */
  reset(): void {
    this.#average = this.#weight = this.#gap = 0;
    this.#time = null;
  }

  /** Returns the speed, which decays while no bytes are sent. @param now milliseconds of the samples' clock */
  speed(now: number): number {
    const idle = now - (this.#time ?? now) - 2 * this.#gap;
    if (this.#weight <= 0 || idle >= STOPPED_AFTER_MS) return 0;
    return Math.max(0, this.#average / this.#weight) * Math.exp(-Math.max(0, idle) / TIME_CONSTANT_MS);
  }
}
