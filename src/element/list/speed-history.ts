const SAMPLE_INTERVAL_MS = 500;
/** 20 seconds; older samples say little about the present. */
const MAX_SAMPLES = 40;

/** Recent speeds of each upload. */
export class SpeedHistory {
  readonly #histories = new Map<string, { at: number; samples: number[] }>();

  /** Adds a sample, unless the last one is too recent. @param nowMs milliseconds of any clock */
  add(id: string, speed: number, nowMs: number): void {
    const history = this.#histories.get(id);
    if (!history) this.#histories.set(id, { at: nowMs, samples: [speed] });
    else if (nowMs - history.at >= SAMPLE_INTERVAL_MS) {
      history.at = nowMs;
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
