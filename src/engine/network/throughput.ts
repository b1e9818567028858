import { DEFAULT_PART_SIZE, MAX_PARTS, MIB, MIN_PART_SIZE } from '../../limits.js';
import type { KeyValueStore } from '../ports.js';

const PREFIX = 'mule-upload:line:';
/** Maximum size of a part that is chosen because of the speed. */
const MAX_PART_BYTES = 64 * MIB;
/** Maximum duration of a part that is larger than the default. */
const MAX_PART_MS = 20_000;
/** Minimum number of parts of a file with larger parts, so that every slot is used until the end. */
const MIN_PARTS = 16;
/** Weight of the latest measurement in the average. */
const EWMA_WEIGHT = 0.2;
/** Duration of a part under a bandwidth limit: short, so that the limit holds within 5 % over ten seconds. */
const LIMITED_PART_MS = 500;
/** Number of parts without a failure after which the connection counts as steady, and the averages are saved. */
const STEADY_PARTS = 8;
/** Maximum size of a file that is sent in a single request. */
const MAX_SINGLE_REQUEST_BYTES = 256 * MIB;
/** The same if the file's checksum must be computed first. */
const MAX_PRECOMPUTED_BYTES = 64 * MIB;
/** Maximum duration of a single request, because a failure loses all bytes that it has sent. */
export const MAX_SINGLE_REQUEST_MS = 8_000;
/** Duration of Create, Complete and signing, which a single request saves. */
const MULTIPART_OVERHEAD_MS = 400;

/** Measured speeds in bytes per second; null while unknown. */
interface Throughput {
  readonly scope: string;
  /** Speed of one part, while others are in flight. */
  perPart: number | null;
  /** Speed of all slots together; null unless the connection is steady. */
  total: number | null;
  /** Speed of a request that sent a whole file, with no other request in flight. */
  singleRequest: number | null;
}

/** Conditions besides speed that decide on the part size. */
export interface PartSizeConditions {
  /** `bandwidthLimit` in bytes per second. */
  limit?: number;
  /** Whether the checksum of the whole file must be computed before it is sent. */
  mustPrecompute?: boolean;
  /** Number of files that will be sent at the same time. */
  concurrentFiles?: number;
}

/**
 * Estimates the throughput to one destination, across page loads, and chooses part sizes by it. Each part of any size costs
 * a preflight and an answer, so a fast connection gets larger parts. If the connection is also steady, a file that takes a
 * few seconds is sent in a single request.
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
    measured.perPart = updateAverage(measured.perPart, (size / duration) * 1_000);
    const now = this.#now();
    this.#recentParts.push({ size, startedAt: now - duration });
    if (this.#recentParts.length > STEADY_PARTS) this.#recentParts.shift();
    if (this.#recentParts.length === STEADY_PARTS) {
      const bytes = this.#recentParts.reduce((sum, part) => sum + part.size, 0);
      const startedAt = Math.min(...this.#recentParts.map((part) => part.startedAt));
      measured.total = updateAverage(measured.total, (bytes / (now - startedAt)) * 1_000);
    }
    if (this.#partCount++ % STEADY_PARTS === 0 || wasSteady !== (measured.total !== null)) this.#save(measured);
  }

  /** Records a whole file that was sent with no other request in flight. @param duration milliseconds */
  recordSingleRequest(size: number, duration: number): void {
    // a short duration is mostly latency
    if (size <= DEFAULT_PART_SIZE || duration < MULTIPART_OVERHEAD_MS) return;
    const measured = this.#load();
    measured.singleRequest = updateAverage(measured.singleRequest, (size / duration) * 1_000);
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

  /** Returns the part size to request: the file's size for a single request; undefined for the default size. */
  partSizeFor(
    size: number,
    { limit = Infinity, mustPrecompute = false, concurrentFiles = 1 }: PartSizeConditions = {},
  ): number | undefined {
    const { perPart } = this.#load();
    // the bandwidth limit only delays the start of requests, so they must be short
    const maxPartBytes = Math.min(MAX_PART_BYTES, Math.max(MIN_PART_SIZE, (limit * LIMITED_PART_MS) / 1_000));
    if (maxPartBytes < DEFAULT_PART_SIZE) {
      const part = Math.floor(maxPartBytes / MIB) * MIB;
      return part * MAX_PARTS >= size ? part : undefined;
    }
    if (perPart === null) return undefined;
    const maxSingleBytes = mustPrecompute ? MAX_PRECOMPUTED_BYTES : MAX_SINGLE_REQUEST_BYTES;
    if (limit === Infinity && size <= maxSingleBytes && this.#fitsSingleRequest(size, concurrentFiles)) return size;
    let partSize = DEFAULT_PART_SIZE;
    const canUse = (next: number): boolean =>
      next <= maxPartBytes && next * MIN_PARTS <= size && (next / perPart) * 1_000 < MAX_PART_MS;
    while (canUse(partSize * 2)) partSize *= 2;
    return partSize > DEFAULT_PART_SIZE ? partSize : undefined;
  }

  /** Deletes the measurements of this destination. */
  forget(): void {
    this.#cached = null;
    this.#recentParts = [];
    this.#store.write(PREFIX + this.#scope(), null);
  }

  /** Whether a single request is as fast as parts, and so short that a failure loses little. */
  #fitsSingleRequest(size: number, concurrentFiles: number): boolean {
    const { total, singleRequest } = this.#load();
    if (total === null || size <= DEFAULT_PART_SIZE) return false;
    const durationMs = (size / (singleRequest ?? total)) * 1_000;
    return (
      durationMs * concurrentFiles <= MAX_SINGLE_REQUEST_MS
      && durationMs <= (size / total) * 1_000 + MULTIPART_OVERHEAD_MS
    );
  }

  #save({ scope, perPart, total, singleRequest }: Throughput): void {
    const text = [perPart, total, singleRequest].map((speed) => Math.round(speed ?? 0)).join(' ');
    this.#store.write(PREFIX + scope, text);
  }

  #load(): Throughput {
    const scope = this.#scope();
    if (this.#cached?.scope !== scope) {
      const speeds = (this.#store.read(PREFIX + scope) ?? '').split(' ').map(Number);
      const [perPart = null, total = null, singleRequest = null] = speeds.map((speed) =>
        speed > 0 && Number.isFinite(speed) ? speed : null,
      );
      this.#cached = { scope, perPart, total, singleRequest };
      this.#recentParts = [];
    }
    return this.#cached;
  }
}

/** Returns the average with the latest measurement included. */
const updateAverage = (average: number | null, latest: number): number =>
  average === null ? latest : average + (latest - average) * EWMA_WEIGHT;
