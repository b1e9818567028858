/** Time constant of the exponential average: the weight of a sample falls to 37 % in this time. */
const TIME_CONSTANT_MS = 3_000;
/** The speed is 0 after this time without a byte, added to twice the last gap between samples. */
const STOPPED_AFTER_MS = 8_000;

/** Measures a speed in bytes per second as an exponential average that has no bias towards 0 at its start. */
export class SpeedMeter {
  #average = 0;
  #weight = 0;
  #bytes = 0;
  /** Time of the last sample with new bytes; null before the first sample. */
  #lastTime: number | null = null;
  /** Milliseconds between the last two samples with new bytes. */
  #gapMs = 0;

  /**
   * Records a sample.
   * @param bytes total number of bytes sent until then
   * @param time milliseconds of a monotonic clock
   */
  sample(bytes: number, time: number): void {
    if (this.#lastTime !== null) {
      const elapsedMs = time - this.#lastTime;
      // bytes that arrive in bursts are spread over the time between two bursts
      if (elapsedMs <= 0 || bytes === this.#bytes) return;
      this.#gapMs = elapsedMs;
      const remainingWeight = Math.exp(-elapsedMs / TIME_CONSTANT_MS);
      this.#average =
        this.#average * remainingWeight + ((bytes - this.#bytes) / elapsedMs) * 1_000 * (1 - remainingWeight);
      this.#weight = this.#weight * remainingWeight + 1 - remainingWeight;
    }
    this.#bytes = bytes;
    this.#lastTime = time;
  }

  /** Discards all samples, because sending was interrupted. */
  reset(): void {
    this.#average = this.#weight = this.#gapMs = 0;
    this.#lastTime = null;
  }

  /** Returns the speed, which decays while no bytes are sent. @param now milliseconds of the samples' clock */
  speed(now: number): number {
    const idleMs = now - (this.#lastTime ?? now) - 2 * this.#gapMs;
    if (this.#weight <= 0 || idleMs >= STOPPED_AFTER_MS) return 0;
    return Math.max(0, this.#average / this.#weight) * Math.exp(-Math.max(0, idleMs) / TIME_CONSTANT_MS);
  }
}
