import type { Clock } from '../ports.js';

/** Maximum time that a task may block the main thread. */
const SLICE_MS = 8;

/** Maximum time that a loop waits for more important tasks of the page. */
const MAX_WAIT_MS = 100;

/** @see https://wicg.github.io/scheduling-apis/#sec-task-priorities */
type TaskPriority = 'user-visible' | 'background';

interface TaskScheduler {
  postTask(task: () => void, options: { priority: TaskPriority }): Promise<void>;
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
   * Resolves in a new task: for `background` after the tasks of the page that are due, or after 100 ms; for `user-visible`
   * in turn with them.
   */
  async yieldToPage(priority: TaskPriority): Promise<void> {
    const { scheduler } = globalThis as { scheduler?: Partial<TaskScheduler> };
    // the page may define something else as `scheduler`; the timer is for pages that are hidden or busy all the time
    const hasPostTask = typeof scheduler?.postTask === 'function';
    await new Promise<void>((resolve) => {
      this.#clock.setTimer(resolve, hasPostTask ? MAX_WAIT_MS : 0);
      if (hasPostTask) void scheduler.postTask!(resolve, { priority }).catch(() => {});
    });
    this.#startedAt = this.#clock.monotonic();
  }
}
