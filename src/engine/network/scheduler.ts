import { abortable } from '../util/abort.js';
import type { Clock } from '../ports.js';

/** Lanes to begin with, and the most: HTTP/1.1 opens six connections to a host, later versions one for all. */
const FIRST_LANES = 4;
const MAX_LANES = 6;
const MAX_LANES_OF_ONE_CONNECTION = 12;
/** Milliseconds in which several cries of a busy store count as one. */
const CONGESTION_WINDOW_MS = 1_000;
/** Milliseconds that a part takes where a lane more would only make all of them slower. */
const SLOW_PART_MS = 20_000;
/** Milliseconds above which fewer parts at a time are better: what is stored cannot be lost. */
const VERY_SLOW_PART_MS = 60_000;

interface Waiter {
  owner: string;
  bytes: number;
  start(): void;
}

export interface LaneOptions {
  concurrency: number | 'auto';
  /** Bytes per second. */
  bandwidthLimit: number;
}

/**
 * Decides which request flies next, over all uploads: a free lane goes to the upload with the fewest in flight, so
 * that a small file behind a huge one does not wait for it.
 *
 * `auto` takes a lane away when the store is busy or silent, half of them when that goes on, and gives them back one by
 * one on success. It goes beyond what fills the line: each presigned URL costs a preflight, which is hidden behind what
 * the other lanes send. Where parts take long there is nothing to hide, and it stays at what it has, or less.
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #options: () => LaneOptions;
  readonly #inFlightByOwner = new Map<string, number>();
  #waiting: Waiter[] = [];
  #inFlight = 0;
  #lanes = FIRST_LANES;
  #maxLanes = MAX_LANES;
  #successes = 0;
  #isCongested = false;
  #isSlow = false;
  #lastCongestion = -Infinity;
  #nextStart = 0;
  #bandwidthLimit = Infinity;
  #cancelTimer: (() => void) | null = null;
  #heldUntil = -Infinity;

  constructor(clock: Clock, options: () => LaneOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Requests that may be in flight now. */
  get lanes(): number {
    const { concurrency } = this.#options();
    return concurrency === 'auto' ? this.#lanes : concurrency;
  }

  /** Requests that are in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether one more request would get a connection: browsers open six to a host over HTTP/1.1. */
  get hasSpareConnection(): boolean {
    return this.#maxLanes > MAX_LANES || this.#inFlight < MAX_LANES;
  }

  /**
   * Waits for a lane.
   * @param bytes that will be sent, for the bandwidth limit
   * @returns a function that gives the lane back, at most once
   */
  acquireLane(owner: string, bytes: number, signal: AbortSignal): Promise<() => void> {
    return abortable(signal, (resolve) => {
      const waiter: Waiter = { owner, bytes, start: () => resolve(this.#occupy(owner)) };
      this.#waiting.push(waiter);
      this.dispatch();
      return () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
      };
    });
  }

  /** Says that the store is too busy, or silent. */
  recordCongestion(): void {
    const now = this.#clock.monotonic();
    if (now - this.#lastCongestion < CONGESTION_WINDOW_MS) return;
    this.#lastCongestion = now;
    // one cry among many successes is a mishap: there is no need to go on at half the pace
    const isAlone = !this.#isCongested && this.#successes >= this.#lanes;
    this.#isCongested = true;
    this.#successes = 0;
    this.#lanes = Math.max(1, isAlone ? this.#lanes - 1 : Math.floor(this.#lanes / 2));
  }

  /** Takes in how the store is spoken to, and whether the signer is behind the same connections. */
  updateConnection({ protocol, isSigners }: { protocol: string | undefined; isSigners: boolean }): void {
    const isOneConnection = protocol === 'h2' || protocol === 'h3';
    // six long requests would keep the signer from being heard
    this.#maxLanes = isOneConnection ? MAX_LANES_OF_ONE_CONNECTION : isSigners ? MAX_LANES - 1 : MAX_LANES;
    this.#lanes = Math.min(this.#lanes, this.#maxLanes);
  }

  /** Takes in how long a part took (milliseconds). */
  recordPartDuration(duration: number): void {
    this.#isSlow = duration > SLOW_PART_MS;
    if (duration > VERY_SLOW_PART_MS && this.#lanes > 2) this.#lanes--;
  }

  /** Gives out no lanes for so many milliseconds: the store has asked for it. */
  hold(delay: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#clock.monotonic() + delay);
  }

  /** Gives out lanes again, on the user's word. */
  release(): void {
    this.#heldUntil = -Infinity;
    this.dispatch();
  }

  /** Milliseconds for which requests of this owner are held back while none of it flies; else 0. */
  heldFor(owner: string): number {
    return this.#inFlightByOwner.has(owner) ? 0 : Math.max(0, this.#heldUntil - this.#clock.monotonic());
  }

  /** Says that a request succeeded. */
  recordSuccess(): void {
    if (++this.#successes < this.#lanes) return;
    this.#isCongested = false;
    if (this.#isSlow || this.#lanes >= this.#maxLanes) return;
    this.#successes = 0;
    this.#lanes++;
    this.dispatch();
  }

  /** Gives out the lanes that are free; to be called when the options change. */
  dispatch(): void {
    while (this.#waiting.length && this.#inFlight < this.lanes) {
      const { bandwidthLimit } = this.#options();
      const now = this.#clock.monotonic();
      this.#applyLimit(bandwidthLimit, now);
      const start = Math.max(Number.isFinite(bandwidthLimit) ? this.#nextStart : 0, this.#heldUntil);
      if (start > now) {
        this.#cancelTimer?.();
        this.#cancelTimer = this.#clock.setTimer(() => this.dispatch(), start - now);
        return;
      }
      const next = this.#takeFairest();
      this.#nextStart = Math.max(this.#nextStart, now) + (next.bytes / bandwidthLimit) * 1_000;
      next.start();
    }
  }

  /** What was sent under another limit is waited for as long as under this one. */
  #applyLimit(bandwidthLimit: number, now: number): void {
    if (bandwidthLimit === this.#bandwidthLimit) return;
    const left = Math.max(0, this.#nextStart - now);
    if (left && Number.isFinite(this.#bandwidthLimit))
      this.#nextStart = now + left * (this.#bandwidthLimit / bandwidthLimit);
    this.#bandwidthLimit = bandwidthLimit;
  }

  #takeFairest(): Waiter {
    let best = 0;
    for (let index = 1; index < this.#waiting.length; index++) {
      if (this.#count(this.#waiting[index]!.owner) < this.#count(this.#waiting[best]!.owner)) best = index;
    }
    return this.#waiting.splice(best, 1)[0]!;
  }

  #count(owner: string): number {
    return this.#inFlightByOwner.get(owner) ?? 0;
  }

  #occupy(owner: string): () => void {
    this.#inFlight++;
    this.#inFlightByOwner.set(owner, this.#count(owner) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#inFlight--;
      const left = this.#count(owner) - 1;
      if (left) this.#inFlightByOwner.set(owner, left);
      else this.#inFlightByOwner.delete(owner);
      this.dispatch();
    };
  }
}
