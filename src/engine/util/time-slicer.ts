import type { Clock } from '../ports.js';

/** Maximum time that a task may block the main thread. */
const SLICE_MS = 8;

/** Maximum time that a loop waits for more important tasks of the page. */
const MAX_WAIT_MS = 100;

/** @see https://wicg.github.io/scheduling-apis/ */
interface TaskScheduler {
  postTask(task: () => void, options: { priority: 'background' }): Promise<void>;
}

/** Divides a long loop into short tasks, so that the page stays responsive. */
export class TimeSlicer {
  readonly #clock: Clock;
  #startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  /** Whether the current task has run so long that the loop should yield. */
  get isExpired(): boolean {
    return this.#clock.monotonic() - this.#startedAt > SLICE_MS;
  }

  /**
   * Resolves in a new task.
   * @param isUrgent whether the loop takes turns with the tasks of the page; otherwise it waits for those that are due
   */
  async yieldToPage(isUrgent: boolean): Promise<void> {
    const { scheduler } = globalThis as { scheduler?: Partial<TaskScheduler> };
    // the page may define something else as `scheduler`; the timer is for pages that are hidden or busy all the time
    const canWait = !isUrgent && typeof scheduler?.postTask === 'function';
    await new Promise<void>((resolve) => {
      this.#clock.setTimer(resolve, canWait ? MAX_WAIT_MS : 0);
      if (canWait) void scheduler.postTask!(resolve, { priority: 'background' }).catch(() => {});
    });
    this.#startedAt = this.#clock.monotonic();
  }
}
