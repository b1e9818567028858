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

  /** Whether an attempt of any step is under way. */
  get isBusy(): boolean {
    return this.#attempts > 0;
  }

  /** How many waits there are. */
  get count(): number {
    return this.#waits.size;
  }

  /** The wait that ends first. */
  get first(): Wait | null {
    let first: Wait | null = null;
    for (const wait of this.#waits) if (!first || (wait.until ?? Infinity) < (first.until ?? Infinity)) first = wait;
    return first;
  }

  /** Counts an attempt as under way while it runs. */
  async attempt<T>(
    act: () => Promise<T>,
    onFailure: (failure: unknown) => Promise<void>,
  ): Promise<{ value: T } | null> {
    try {
      this.#attempts++;
      this.#onChange();
      return { value: await act() };
    } catch (failure) {
      await onFailure(failure);
      return null;
    } finally {
      this.#attempts--;
      // an attempt that was aborted may end after the next wait has begun
      this.settled();
    }
  }

  /** Counts some work as a wait. */
  async add<T>(waitingFor: WaitingFor, until: number | null, work: Promise<T>): Promise<T> {
    const wait: Wait = { for: waitingFor, until };
    this.#waits.add(wait);
    this.#onChange();
    try {
      return await work;
    } finally {
      this.#waits.delete(wait);
    }
  }

  /** Counts some work as a wait in the middle of an attempt, which is not under way meanwhile. */
  async addWithinAttempt<T>(waitingFor: WaitingFor, until: number | null, work: Promise<T>): Promise<T> {
    this.#attempts--;
    try {
      return await this.add(waitingFor, until, work);
    } finally {
      this.#attempts++;
    }
  }

  /** Sleeps in the middle of an attempt, until `delay` milliseconds have passed or `wake()` is called. */
  async sleep(waitingFor: WaitingFor, delayMs: number, signal: AbortSignal): Promise<void> {
    const { over, wake } = cancellableSleep(this.#clock, delayMs, signal);
    this.#sleepers.set(wake, waitingFor);
    try {
      await this.addWithinAttempt(waitingFor, this.#clock.now() + delayMs, over);
    } finally {
      this.#sleepers.delete(wake);
    }
  }

  /** Ends sleeps early. */
  wake(isMeant: (waitingFor: WaitingFor) => boolean): void {
    for (const [wake, waitingFor] of this.#sleepers) if (isMeant(waitingFor)) wake();
  }

  /** Reports activity. */
  changed(): void {
    this.#onChange();
  }

  /** Reports that nothing but waits is left, if that is so. */
  settled(): void {
    if (!this.isBusy && this.count) this.#onChange();
  }
}
