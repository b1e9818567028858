import type { Clock } from '../ports.js';

/** Time in which a request must make progress after the device woke up, or after the main thread was busy. */
const GRACE_MS = 10_000;
/** If a timer is late by more than this, the main thread was busy. */
const LATE_TIMER_MS = 500;

/**
 * Detects that a request makes no progress any more. Progress does not reset the timer, because that would cost too much;
 * when the timer fires, the detector checks the time of the last progress.
 */
export class StallDetector {
  readonly #clock: Clock;
  readonly #onStall: (idleMs: number) => void;
  readonly #timeoutMs: number;
  /** Timeout since the last progress that replaces `#timeoutMs`; 0 if none does. */
  #extendedTimeoutMs = 0;
  #lastProgress: number;
  /** Time by which progress is required, if the device has slept; infinite otherwise. */
  #deadline = Infinity;
  #cancel: (() => void) | null = null;
  /** Time for which the timer was set. */
  #due = Infinity;

  /**
   * @param timeoutMs time without progress after which `onStall` is called
   * @param onStall receives the time since the last progress; called once, unless it calls `extend()`
   */
  constructor(clock: Clock, timeoutMs: number, onStall: (idleMs: number) => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onStall = onStall;
    this.#lastProgress = clock.monotonic();
    this.#check();
  }

  recordProgress(): void {
    this.#lastProgress = this.#clock.monotonic();
    this.#deadline = Infinity;
    if (!this.#extendedTimeoutMs || !this.#cancel) return;
    this.#extendedTimeoutMs = 0;
    this.#check();
  }

  /** Waits for progress, from now on, before `onStall` is called again. */
  extend(moreMs: number): void {
    this.#extendedTimeoutMs = this.#clock.monotonic() - this.#lastProgress + moreMs;
    this.#check();
  }

  /** Whether the device has slept since the last progress. */
  get hasSlept(): boolean {
    return this.#deadline < Infinity;
  }

  /** Shortens the wait after sleep: a connection from before sleep is most likely dead, but no event reports it. */
  onWakeFromSleep(): void {
    if (!this.#cancel) return;
    this.#deadline = Math.min(this.#deadline, this.#clock.monotonic() + GRACE_MS);
    this.#check();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #check(): void {
    this.stop();
    const now = this.#clock.monotonic();
    const end = Math.min(this.#lastProgress + (this.#extendedTimeoutMs || this.#timeoutMs), this.#deadline);
    if (end > now) this.#checkAt(end);
    // after a busy main thread, timers fire before the progress events that are queued
    else if (now - this.#due > LATE_TIMER_MS) this.#checkAt(now + Math.min(now - this.#due, GRACE_MS));
    else this.#onStall(now - this.#lastProgress);
  }

  #checkAt(due: number): void {
    this.#due = due;
    this.#cancel = this.#clock.setTimer(() => this.#check(), due - this.#clock.monotonic());
  }
}
