import { abortable } from './abort.js';
import type { Clock } from './types.js';

/** Lanes to begin with, and the most: HTTP/1.1 opens six connections to a host. */
const FIRST_LANES = 4;
const MOST_LANES = 6;
/** Milliseconds in which several cries of a busy store count as one. */
const ONE_CRY = 1_000;

interface Waiter {
  owner: string;
  bytes: number;
  go(): void;
}

export interface LaneOptions {
  concurrency: number | 'auto';
  /** Bytes per second. */
  bandwidthLimit: number;
}

/**
 * Decides which request flies next, over all uploads: a free lane goes to the upload with the fewest in flight, so
 * that a small file behind a huge one does not wait for it. `auto` takes lanes away when the store is busy or
 * silent, and gives them back one by one on success.
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #options: () => LaneOptions;
  readonly #flying = new Map<string, number>();
  #waiting: Waiter[] = [];
  #inFlight = 0;
  #lanes = FIRST_LANES;
  #successes = 0;
  #lastCry = -Infinity;
  #nextStart = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, options: () => LaneOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Requests that may be in flight now. */
  get lanes(): number {
    const { concurrency } = this.#options();
    return concurrency === 'auto' ? this.#lanes : concurrency;
  }

  /**
   * Waits for a lane.
   * @param bytes that will be sent, for the bandwidth limit
   * @returns a function that gives the lane back, at most once
   */
  lane(owner: string, bytes: number, signal: AbortSignal): Promise<() => void> {
    return abortable(signal, (resolve) => {
      const waiter: Waiter = { owner, bytes, go: () => resolve(this.#occupy(owner)) };
      this.#waiting.push(waiter);
      this.dispatch();
      return () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
      };
    });
  }

  /** Says that the store is too busy, or silent. */
  slowDown(): void {
    const now = this.#clock.monotonic();
    if (now - this.#lastCry < ONE_CRY) return;
    this.#lastCry = now;
    this.#successes = 0;
    this.#lanes = Math.max(1, Math.floor(this.#lanes / 2));
  }

  /** Says that a request succeeded. */
  succeeded(): void {
    if (++this.#successes < this.#lanes * 2 || this.#lanes >= MOST_LANES) return;
    this.#successes = 0;
    this.#lanes++;
    this.dispatch();
  }

  /** Gives out the lanes that are free; to be called when the options change. */
  dispatch(): void {
    while (this.#waiting.length && this.#inFlight < this.lanes) {
      const { bandwidthLimit } = this.#options();
      const now = this.#clock.monotonic();
      if (Number.isFinite(bandwidthLimit) && this.#nextStart > now) {
        this.#cancelTimer?.();
        this.#cancelTimer = this.#clock.setTimer(() => this.dispatch(), this.#nextStart - now);
        return;
      }
      const next = this.#takeFairest();
      this.#nextStart = Math.max(this.#nextStart, now) + (next.bytes / bandwidthLimit) * 1_000;
      next.go();
    }
  }

  #takeFairest(): Waiter {
    let best = 0;
    for (let index = 1; index < this.#waiting.length; index++) {
      if (this.#count(this.#waiting[index]!.owner) < this.#count(this.#waiting[best]!.owner)) best = index;
    }
    return this.#waiting.splice(best, 1)[0]!;
  }

  #count(owner: string): number {
    return this.#flying.get(owner) ?? 0;
  }

  #occupy(owner: string): () => void {
    this.#inFlight++;
    this.#flying.set(owner, this.#count(owner) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#inFlight--;
      const left = this.#count(owner) - 1;
      if (left) this.#flying.set(owner, left);
      else this.#flying.delete(owner);
      this.dispatch();
    };
  }
}
