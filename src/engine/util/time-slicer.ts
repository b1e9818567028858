import type { Clock } from '../ports.js';

/** Maximum time that a task may block the main thread. */
const SLICE_MS = 8;

/** Divides a long loop into short tasks, so that the page stays responsive. */
export class TimeSlicer {
  readonly #clock: Clock;
  #startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  /** Whether the current task has run long enough. */
  get isExpired(): boolean {
    return this.#clock.monotonic() - this.#startedAt > SLICE_MS;
  }

  /** Resolves in a new task. */
  async yieldToPage(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.setTimer(resolve, 0));
    this.#startedAt = this.#clock.monotonic();
  }
}
