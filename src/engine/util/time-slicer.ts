import type { Clock } from '../ports.js';

/** Maximum time that a task may block the main thread. */
const SLICE_MS = 8;

/** @see https://wicg.github.io/scheduling-apis/ */
interface TaskScheduler {
  postTask(work: () => void, options: { priority: 'background' }): Promise<void>;
}

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

  /** Resolves in a new task, after those of the network that are due. */
  async yieldToPage(): Promise<void> {
    const { scheduler } = globalThis as { scheduler?: TaskScheduler };
    if (scheduler) await scheduler.postTask(() => {}, { priority: 'background' });
    else await new Promise<void>((resolve) => this.#clock.setTimer(resolve, 0));
    this.#startedAt = this.#clock.monotonic();
  }
}
