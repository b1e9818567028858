import { abortable } from '../util/abort.js';
import type { Clock } from '../ports.js';

/** Slots at the start, and limits: browsers open six HTTP/1.1 connections to a host; HTTP/2 and 3 share one. */
const INITIAL_SLOTS = 4;
const MAX_SLOTS = 6;
const MAX_MULTIPLEXED_SLOTS = 12;
/** Signs of congestion within this time count as one. */
const CONGESTION_WINDOW_MS = 1_000;
/** Where a part takes longer, no slot is added: it would only slow down the others. */
const SLOW_PART_MS = 20_000;
/** Where a part takes longer, a slot is removed: fewer parts at a time are stored sooner, and less can be lost. */
const VERY_SLOW_PART_MS = 60_000;

interface Waiter {
  /** ID of the upload. */
  owner: string;
  bytes: number;
  start(): void;
}

export interface SchedulerOptions {
  concurrency: number | 'auto';
  /** Bytes per second. */
  bandwidthLimit: number;
}

/**
 * Decides which request of all uploads is sent next. A slot is the right to have one request in flight. A free slot goes
 * to the upload with the fewest requests in flight, so that a small file does not wait for a huge one.
 *
 * With `concurrency: 'auto'`, one slot is removed when the store is busy or does not answer, half of them when that
 * continues, and they return one by one on success. Before that, each success adds one. There are more slots than the bandwidth needs: each presigned URL
 * costs a CORS preflight, during which the other slots send. If parts take long the preflight hardly matters, and no
 * slot is added.
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #options: () => SchedulerOptions;
  readonly #inFlightByOwner = new Map<string, number>();
  #waiting: Waiter[] = [];
  #inFlight = 0;
  #slots = INITIAL_SLOTS;
  #maxSlots = MAX_SLOTS;
  #successes = 0;
  #isCongested = false;
  #isSlow = false;
  #lastCongestion = -Infinity;
  #nextStart = 0;
  #bandwidthLimit = Infinity;
  #cancelTimer: (() => void) | null = null;
  #heldUntil = -Infinity;

  constructor(clock: Clock, options: () => SchedulerOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** How many requests may be in flight. */
  get slots(): number {
    const { concurrency } = this.#options();
    return concurrency === 'auto' ? this.#slots : concurrency;
  }

  /** How many requests are in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether the browser would have a connection for one more request. */
  get hasSpareConnection(): boolean {
    return this.#maxSlots > MAX_SLOTS || this.#inFlight < MAX_SLOTS;
  }

  /**
   * Waits for a slot.
   * @param owner ID of the upload
   * @param bytes size of the request, for the bandwidth limit
   * @returns a function that releases the slot; further calls of it have no effect
   * @throws the signal's reason when aborted
   */
  acquireSlot(owner: string, bytes: number, signal: AbortSignal): Promise<() => void> {
    return abortable(signal, (resolve) => {
      const waiter: Waiter = { owner, bytes, start: () => resolve(this.#occupy(owner)) };
      this.#waiting.push(waiter);
      this.dispatch();
      return () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
      };
    });
  }

  /** Records that the store is too busy, or does not answer. */
  recordCongestion(): void {
    const now = this.#clock.monotonic();
    if (now - this.#lastCongestion < CONGESTION_WINDOW_MS) return;
    this.#lastCongestion = now;
    // a single failure among many successes costs one slot, not half of them
    const isSingle = !this.#isCongested && this.#successes >= this.#slots;
    this.#isCongested = true;
    this.#successes = 0;
    this.#slots = Math.max(1, isSingle ? this.#slots - 1 : Math.floor(this.#slots / 2));
  }

  /**
   * Sets the limit of slots by the kind of connection.
   * @param protocol ALPN name, such as `h2`; undefined while unknown
   * @param isSigners whether the signer is on the same origin
   */
  updateConnection({ protocol, isSigners }: { protocol: string | undefined; isSigners: boolean }): void {
    const isMultiplexed = protocol === 'h2' || protocol === 'h3';
    // six long requests would block calls to the signer
    this.#maxSlots = isMultiplexed ? MAX_MULTIPLEXED_SLOTS : isSigners ? MAX_SLOTS - 1 : MAX_SLOTS;
    this.#slots = Math.min(this.#slots, this.#maxSlots);
  }

  /** Records how long a part took, in milliseconds. */
  recordPartDuration(duration: number): void {
    this.#isSlow = duration > SLOW_PART_MS;
    if (duration > VERY_SLOW_PART_MS && this.#slots > 2) this.#slots--;
  }

  /** Starts no request for `delay` milliseconds, as the store's Retry-After requires. */
  hold(delay: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#clock.monotonic() + delay);
  }

  /** Ends `hold()` early, because the user wants to retry now. */
  release(): void {
    this.#heldUntil = -Infinity;
    this.dispatch();
  }

  /** Milliseconds until `hold()` ends, for an upload with no request in flight; else 0. */
  heldFor(owner: string): number {
    return this.#inFlightByOwner.has(owner) ? 0 : Math.max(0, this.#heldUntil - this.#clock.monotonic());
  }

  /** Records that a request succeeded. */
  recordSuccess(): void {
    // until the first sign of congestion each success adds a slot: a first upload would be over before all are used
    if (++this.#successes < this.#slots && this.#lastCongestion > -Infinity) return;
    this.#isCongested = false;
    if (this.#isSlow || this.#slots >= this.#maxSlots) return;
    this.#successes = 0;
    this.#slots++;
    this.dispatch();
  }

  /** Assigns free slots. Also called when the options change. */
  dispatch(): void {
    while (this.#waiting.length && this.#inFlight < this.slots) {
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

  /** Scales the remaining wait for bytes that were sent under another limit. */
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
