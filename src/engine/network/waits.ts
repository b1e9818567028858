import type { WaitingFor } from '../api/types.js';
import type { Clock } from '../ports.js';
import { cancellableSleep } from '../util/timing.js';

/** One wait of an upload. */
export interface Wait {
  readonly for: WaitingFor;
  /** Epoch milliseconds; null if unknown. */
  readonly until: number | null;
}

/** The activity of one upload: its pending attempts and its waits, from which its status is derived. */
export class Waits {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #waits = new Set<Wait>();
  readonly #sleepers = new Map<() => void, WaitingFor>();
  #attempts = 0;

  /** @param onChange called whenever an attempt or a wait begins */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Whether an attempt of any step is pending. */
  get isBusy(): boolean {
    return this.#attempts > 0;
  }

  /** Number of waits. */
  get count(): number {
    return this.#waits.size;
  }

  /** The wait that ends first. */
  get first(): Wait | null {
    let first: Wait | null = null;
    for (const wait of this.#waits) if (!first || (wait.until ?? Infinity) < (first.until ?? Infinity)) first = wait;
    return first;
  }

  /**
   * Runs an attempt, and counts it as pending meanwhile.
   * @returns its result; null if it failed, after `onFailure` has resolved
   */
  async attempt<T>(
    runAttempt: () => Promise<T>,
    onFailure: (failure: unknown) => Promise<void>,
  ): Promise<{ value: T } | null> {
    try {
      this.#attempts++;
      this.#onChange();
      return { value: await runAttempt() };
    } catch (failure) {
      await onFailure(failure);
      return null;
    } finally {
      this.#attempts--;
      // an attempt that was aborted may end after the next wait has begun
      this.reportIfIdle();
    }
  }

  /** Waits for a promise, and counts this as a wait of the upload. */
  async add<T>(waitingFor: WaitingFor, until: number | null, promise: Promise<T>): Promise<T> {
    const wait: Wait = { for: waitingFor, until };
    this.#waits.add(wait);
    this.#onChange();
    try {
      return await promise;
    } finally {
      this.#waits.delete(wait);
    }
  }

  /** The same in the middle of an attempt, which does not count as pending meanwhile. */
  async addWithinAttempt<T>(waitingFor: WaitingFor, until: number | null, promise: Promise<T>): Promise<T> {
    this.#attempts--;
    try {
      return await this.add(waitingFor, until, promise);
    } finally {
      this.#attempts++;
    }
  }

  /**
   * Sleeps until `delayMs` have passed or `wake()` is called.
   * @param isWithinAttempt whether an attempt is under way, which does not count as pending meanwhile
   */
  async sleep(waitingFor: WaitingFor, delayMs: number, signal: AbortSignal, isWithinAttempt = true): Promise<void> {
    const { over, wake } = cancellableSleep(this.#clock, delayMs, signal);
    const until = this.#clock.now() + delayMs;
    this.#sleepers.set(wake, waitingFor);
    try {
      await (isWithinAttempt ? this.addWithinAttempt(waitingFor, until, over) : this.add(waitingFor, until, over));
    } finally {
      this.#sleepers.delete(wake);
    }
  }

  /** Ends those sleeps early whose reason a predicate selects. */
  wake(isSelected: (waitingFor: WaitingFor) => boolean): void {
    for (const [wake, waitingFor] of this.#sleepers) if (isSelected(waitingFor)) wake();
  }

  /** Reports that the activity may have changed. */
  report(): void {
    this.#onChange();
  }

  /** Reports activity if the upload only waits. */
  reportIfIdle(): void {
    if (!this.isBusy && this.count) this.#onChange();
  }
}
