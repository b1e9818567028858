import type { Clock } from '../ports.js';

/** Milliseconds of work after which whoever else needs the thread gets a turn. */
const LONGEST = 8;

/** Cuts a long loop into short tasks, so that a page stays awake while it runs. */
export class TimeSlicer {
  readonly #clock: Clock;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** Whether the loop has been at it for long enough. */
  get isOver(): boolean {
    return this.#clock.monotonic() - this.#since > LONGEST;
  }

  /** Resolves in a task of its own. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.setTimer(resolve, 0));
    this.#since = this.#clock.monotonic();
  }
}
