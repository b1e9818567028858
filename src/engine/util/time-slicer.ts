import type { Clock } from '../ports.js';

/** Milliseconds of work after which whoever else needs the thread gets a turn. */
const SLICE_MS = 8;

/** Cuts a long loop into short tasks, so that a page stays awake while it runs. */
export class TimeSlicer {
  readonly #clock: Clock;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** Whether the loop has been at it for long enough. */
  get isExpired(): boolean {
    return this.#clock.monotonic() - this.#since > SLICE_MS;
  }

  /** Resolves in a task of its own. */
  async yieldToPage(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.setTimer(resolve, 0));
    this.#since = this.#clock.monotonic();
  }
}
