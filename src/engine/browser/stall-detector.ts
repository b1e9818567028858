import type { Clock } from '../ports.js';

/** Time for a request to make progress once the device woke up, or the page's main thread is free again. */
const GRACE_MS = 10_000;
/** A timer that is late by more than this shows that the main thread was busy. */
const LATE_TIMER_MS = 500;

/** Detects that nothing makes progress any more. It has one timer, which progress does not reset but only outdates. */
export class StallDetector {
  readonly #clock: Clock;
  readonly #onStall: (idleMs: number) => void;
  readonly #timeout: number;
  /** Replaces the timeout, in milliseconds since the last progress; 0: none. */
  #extension = 0;
  #lastProgress: number;
  /** Time by which progress is required once the device has slept. */
  #deadline = Infinity;
  #cancel: (() => void) | null = null;
  /** Time for which the timer was set. */
  #due = Infinity;

  /**
   * @param timeout milliseconds without progress
   * @param onStall called with the milliseconds since the last progress; once, unless it calls `extend()`
   */
  constructor(clock: Clock, timeout: number, onStall: (idleMs: number) => void) {
    this.#clock = clock;
    this.#timeout = timeout;
    this.#onStall = onStall;
    this.#lastProgress = clock.monotonic();
    this.#check();
  }

  recordProgress(): void {
    this.#lastProgress = this.#clock.monotonic();
    this.#deadline = Infinity;
    if (!this.#extension || !this.#cancel) return;
    this.#extension = 0;
    this.#check();
  }

  /** Waits longer for progress before `onStall` is called again. */
  extend(more: number): void {
    this.#extension = this.#clock.monotonic() - this.#lastProgress + more;
    this.#check();
  }

  /** Whether the device has slept since the last progress. */
  get hasSlept(): boolean {
    return this.#deadline < Infinity;
  }

  /** Shortens the wait after sleep: a connection from before is most likely dead, and no event will say so. */
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
    const end = Math.min(this.#lastProgress + (this.#extension || this.#timeout), this.#deadline);
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
