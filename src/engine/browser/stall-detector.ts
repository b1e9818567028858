import type { Clock } from '../ports.js';

/** Milliseconds in which a request has to show life once the machine has slept, or the page is no longer kept busy. */
const GRACE_MS = 10_000;
/** A timer that comes so many milliseconds late tells of a page that was kept busy. */
const LATE_TIMER_MS = 500;

/** Watches whether something still moves; one timer, set again only when it fires: what moves just moves the mark. */
export class StallDetector {
  readonly #clock: Clock;
  readonly #onStall: (stillFor: number) => void;
  readonly #timeout: number;
  /** Milliseconds since the last movement that stand in for the patience; 0: none. */
  #extension = 0;
  #lastProgress: number;
  /** By when something has to have moved once the machine has slept. */
  #deadline = Infinity;
  #cancel: (() => void) | null = null;
  /** When the timer was to come. */
  #due = Infinity;

  /**
   * @param patience milliseconds without a movement
   * @param onStall called with the milliseconds for which nothing moved; once, unless it extends
   */
  constructor(clock: Clock, patience: number, onStall: (stillFor: number) => void) {
    this.#clock = clock;
    this.#timeout = patience;
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

  /** Goes on without a movement: calls back again after so many more milliseconds. */
  extend(more: number): void {
    this.#extension = this.#clock.monotonic() - this.#lastProgress + more;
    this.#check();
  }

  /** Whether the machine has slept since anything moved. */
  get hasSlept(): boolean {
    return this.#deadline < Infinity;
  }

  /** Takes in that the machine slept: a connection from before is most likely dead, and nothing will ever say so. */
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
    // who was kept busy hears of timers before it hears of all that has moved meanwhile
    else if (now - this.#due > LATE_TIMER_MS) this.#checkAt(now + Math.min(now - this.#due, GRACE_MS));
    else this.#onStall(now - this.#lastProgress);
  }

  #checkAt(due: number): void {
    this.#due = due;
    this.#cancel = this.#clock.setTimer(() => this.#check(), due - this.#clock.monotonic());
  }
}
