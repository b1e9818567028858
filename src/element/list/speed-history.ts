const SAMPLE_INTERVAL_MS = 500;
/** The samples of 20 seconds. */
const MAX_SAMPLES = 40;

/** Recent speeds of each upload. */
export class SpeedHistory {
  readonly #histories = new Map<string, { sampledAtMs: number; samples: number[] }>();

  /** Adds a sample, unless the last one is too recent. @param nowMs time of a monotonic clock */
  add(id: string, speed: number, nowMs: number): void {
    const history = this.#histories.get(id);
    if (!history) this.#histories.set(id, { sampledAtMs: nowMs, samples: [speed] });
    else if (nowMs - history.sampledAtMs >= SAMPLE_INTERVAL_MS) {
      history.sampledAtMs = nowMs;
      history.samples.push(speed);
      if (history.samples.length > MAX_SAMPLES) history.samples.shift();
    }
  }

  samplesOf(id: string): readonly number[] {
    return this.#histories.get(id)?.samples ?? [];
  }

  delete(id: string): void {
    this.#histories.delete(id);
  }
}
