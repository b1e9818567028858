import { abortable } from '../util/abort.js';
import type { Clock } from '../ports.js';

const INITIAL_SLOTS = 4;
/** Browsers open six HTTP/1.1 connections to a host. */
const MAX_SLOTS = 6;
/** For HTTP/2 and HTTP/3, whose requests share one connection. */
const MAX_MULTIPLEXED_SLOTS = 12;
/** Failures of a congested store within this time count as one. */
const CONGESTION_WINDOW_MS = 1_000;
/** If parts take longer than this, no slot is added, because it would only slow down the other slots. */
const SLOW_PART_MS = 20_000;
/** If a part takes longer than this, a slot is removed: each part is then stored sooner, and a failure loses less. */
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
 * With `concurrency: 'auto'`, each success adds a slot until the store is first busy or does not answer. That removes one
 * slot, and half of the slots if it continues. Later, a row of successes adds one slot at a time. There are more slots
 * than the bandwidth needs: each presigned URL costs a CORS preflight, during which the other slots send. If parts take
 * long, the preflight hardly matters, and no slot is added.
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

  /** Number of requests that may be in flight. */
  get slots(): number {
    const { concurrency } = this.#options();
    return concurrency === 'auto' ? this.#slots : concurrency;
  }

  /** Number of requests in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether the browser has a connection for one more request. */
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
   * @param isSignerOrigin whether the signer is on the same origin
   */
  updateConnection({ protocol, isSignerOrigin }: { protocol: string | undefined; isSignerOrigin: boolean }): void {
    const isMultiplexed = protocol === 'h2' || protocol === 'h3';
    // six long requests to the signer's origin would block calls to the signer
    this.#maxSlots = isMultiplexed ? MAX_MULTIPLEXED_SLOTS : isSignerOrigin ? MAX_SLOTS - 1 : MAX_SLOTS;
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
  endHold(): void {
    this.#heldUntil = -Infinity;
    this.dispatch();
  }

  /** Milliseconds until `hold()` ends, for an upload with no request in flight; else 0. */
  heldFor(owner: string): number {
    return this.#inFlightByOwner.has(owner) ? 0 : Math.max(0, this.#heldUntil - this.#clock.monotonic());
  }

  /** Records that a request succeeded. */
  recordSuccess(): void {
    // before the first congestion, each success adds a slot: otherwise a short upload would end before all slots are used
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

  /** Applies a changed limit: scales the remaining wait, which results from bytes sent under the former limit. */
  #applyLimit(bandwidthLimit: number, now: number): void {
    if (bandwidthLimit === this.#bandwidthLimit) return;
    const remaining = Math.max(0, this.#nextStart - now);
    if (remaining && Number.isFinite(this.#bandwidthLimit))
      this.#nextStart = now + remaining * (this.#bandwidthLimit / bandwidthLimit);
    this.#bandwidthLimit = bandwidthLimit;
  }

  /** Removes and returns the first waiting request of the upload with the fewest requests in flight. */
  #takeFairest(): Waiter {
    let fairest = 0;
    for (let index = 1; index < this.#waiting.length; index++) {
      if (this.#inFlightOf(this.#waiting[index]!.owner) < this.#inFlightOf(this.#waiting[fairest]!.owner))
        fairest = index;
    }
    return this.#waiting.splice(fairest, 1)[0]!;
  }

  #inFlightOf(owner: string): number {
    return this.#inFlightByOwner.get(owner) ?? 0;
  }

  #occupy(owner: string): () => void {
    this.#inFlight++;
    this.#inFlightByOwner.set(owner, this.#inFlightOf(owner) + 1);
    let isOccupied = true;
    return () => {
      if (!isOccupied) return;
      isOccupied = false;
      this.#inFlight--;
      const remaining = this.#inFlightOf(owner) - 1;
      if (remaining) this.#inFlightByOwner.set(owner, remaining);
      else this.#inFlightByOwner.delete(owner);
      this.dispatch();
    };
  }
}
