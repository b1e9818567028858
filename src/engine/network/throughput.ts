import { DEFAULT_PART_SIZE, MAX_PARTS, MIB, MIN_PART_SIZE } from '../../limits.js';
import type { KeyValueStore } from '../ports.js';

const PREFIX = 'mule-upload:line:';
/** Largest part that is chosen because of the speed. */
const MAX_PART_BYTES = 64 * MIB;
/** Sending a part that is larger than the default takes less than this. */
const MAX_PART_MS = 20_000;
/** Minimum number of parts of a file if they are made larger, so that every slot is used until the end. */
const MIN_PARTS = 16;
/** Weight of the latest measurement in the average. */
const EWMA_WEIGHT = 0.2;
/** Duration of a part under a bandwidth limit, so that the limit holds within 5 % over ten seconds. */
const LIMITED_PART_MS = 500;
/** Parts without a failure after which the connection counts as steady, and the average is saved. */
const STEADY_PARTS = 8;
/** Largest file sent in a single request, and the largest if its checksum must be computed first. */
const MAX_SINGLE_REQUEST_BYTES = 256 * MIB;
const MAX_PRECOMPUTED_BYTES = 64 * MIB;
/** A single request is used only if it takes less than this, because a failure loses all of it. */
export const MAX_SINGLE_REQUEST_MS = 8_000;
/** Duration of Create, Complete and signing, which a single request saves. */
const MULTIPART_OVERHEAD_MS = 400;

/** Measured speeds in bytes per second; null while unknown. */
interface Throughput {
  readonly scope: string;
  /** Of a part, while others are in flight. */
  perPart: number | null;
  /** Of all slots together; null unless the connection is steady. */
  total: number | null;
  /** Of a request that sent a whole file, with no other in flight. */
  singleRequest: number | null;
}

/** Conditions besides speed that decide on the part size. */
export interface PartSizeConditions {
  /** `bandwidthLimit` in bytes per second. */
  limit?: number;
  /** Whether the signer needs the checksum of a whole file before it is sent. */
  mustPrecompute?: boolean;
  /** Files that will be sent at the same time. */
  concurrentFiles?: number;
}

/**
 * Estimates the throughput to one destination, across page loads, and chooses part sizes by it. Each part costs a preflight and
 * an answer whatever its size, so a fast connection gets larger parts. On a steady one, a file of a few seconds is sent in
 * a single request.
 */
export class ThroughputEstimator {
  readonly #store: KeyValueStore;
  readonly #scope: () => string;
  readonly #now: () => number;
  #cached: Throughput | null = null;
  #partCount = 0;
  /** The latest parts since the last failure. */
  #recentParts: { readonly size: number; readonly startedAt: number }[] = [];

  /** @param now returns milliseconds of a monotonic clock */
  constructor(store: KeyValueStore, scope: () => string, now: () => number) {
    this.#store = store;
    this.#scope = scope;
    this.#now = now;
  }

  /** Records a part that has just been stored. @param duration milliseconds in its slot */
  recordPart(size: number, duration: number): void {
    // the duration of a small last part is mostly latency
    if (size < DEFAULT_PART_SIZE / 2 || duration <= 0) return;
    const measured = this.#load();
    const wasSteady = measured.total !== null;
    measured.perPart = blend(measured.perPart, (size / duration) * 1_000);
    const now = this.#now();
    this.#recentParts.push({ size, startedAt: now - duration });
    if (this.#recentParts.length > STEADY_PARTS) this.#recentParts.shift();
    if (this.#recentParts.length === STEADY_PARTS) {
      const bytes = this.#recentParts.reduce((sum, part) => sum + part.size, 0);
      const startedAt = Math.min(...this.#recentParts.map((part) => part.startedAt));
      measured.total = blend(measured.total, (bytes / (now - startedAt)) * 1_000);
    }
    if (this.#partCount++ % STEADY_PARTS === 0 || wasSteady !== (measured.total !== null)) this.#save(measured);
  }

  /** Records a whole file that was sent with no other request in flight. @param duration milliseconds */
  recordSingleRequest(size: number, duration: number): void {
    // a short duration is mostly latency
    if (size <= DEFAULT_PART_SIZE || duration < MULTIPART_OVERHEAD_MS) return;
    const measured = this.#load();
    measured.singleRequest = blend(measured.singleRequest, (size / duration) * 1_000);
    this.#save(measured);
  }

  /** Records that the connection failed, or became far slower: it is not steady until measured again. */
  recordFailure(): void {
    const measured = this.#load();
    this.#recentParts = [];
    if (measured.total === null && measured.singleRequest === null) return;
    measured.total = measured.singleRequest = null;
    this.#save(measured);
  }

  /** Returns the part size to request: the file's size for a single request, undefined for the default. */
  partSizeFor(
    size: number,
    { limit = Infinity, mustPrecompute: isRead = false, concurrentFiles: sharers = 1 }: PartSizeConditions = {},
  ): number | undefined {
    const { perPart: speed } = this.#load();
    // the bandwidth limit only delays the start of requests, so they must be short
    const largest = Math.min(MAX_PART_BYTES, Math.max(MIN_PART_SIZE, (limit * LIMITED_PART_MS) / 1_000));
    if (largest < DEFAULT_PART_SIZE) {
      const part = Math.floor(largest / MIB) * MIB;
      return part * MAX_PARTS >= size ? part : undefined;
    }
    if (speed === null) return undefined;
    const maxSingle = isRead ? MAX_PRECOMPUTED_BYTES : MAX_SINGLE_REQUEST_BYTES;
    if (limit === Infinity && size <= maxSingle && this.#fitsSingleRequest(size, sharers)) return size;
    let partSize = DEFAULT_PART_SIZE;
    const isBetter = (next: number): boolean =>
      next <= largest && next * MIN_PARTS <= size && (next / speed) * 1_000 < MAX_PART_MS;
    while (isBetter(partSize * 2)) partSize *= 2;
    return partSize > DEFAULT_PART_SIZE ? partSize : undefined;
  }

  /** Deletes the measurements of this destination. */
  forget(): void {
    this.#cached = null;
    this.#recentParts = [];
    this.#store.write(PREFIX + this.#scope(), null);
  }

  /** Whether a single request is as fast as parts, and so short that a failure loses little. */
  #fitsSingleRequest(size: number, sharers: number): boolean {
    const { total, singleRequest: alone } = this.#load();
    if (total === null || size <= DEFAULT_PART_SIZE) return false;
    const time = (size / (alone ?? total)) * 1_000;
    return time * sharers <= MAX_SINGLE_REQUEST_MS && time <= (size / total) * 1_000 + MULTIPART_OVERHEAD_MS;
  }

  #save({ scope, perPart: speed, total, singleRequest: alone }: Throughput): void {
    const text = [speed, total, alone].map((figure) => Math.round(figure ?? 0)).join(' ');
    this.#store.write(PREFIX + scope, text);
  }

  #load(): Throughput {
    const scope = this.#scope();
    if (this.#cached?.scope !== scope) {
      const figures = (this.#store.read(PREFIX + scope) ?? '').split(' ').map(Number);
      const [speed = null, total = null, alone = null] = figures.map((one) =>
        one > 0 && Number.isFinite(one) ? one : null,
      );
      this.#cached = { scope, perPart: speed, total, singleRequest: alone };
      this.#recentParts = [];
    }
    return this.#cached;
  }
}

const blend = (known: number | null, latest: number): number =>
  known === null ? latest : known + (latest - known) * EWMA_WEIGHT;
