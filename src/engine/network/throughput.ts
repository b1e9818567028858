import { DEFAULT_PART_SIZE, MAX_PARTS, MIB, MIN_PART_SIZE } from '../../limits.js';
import type { KeyValueStore } from '../ports.js';

const PREFIX = 'mule-upload:line:';
/** Bytes of the largest part that speed alone makes. */
const MAX_PART_BYTES = 64 * MIB;
/** Milliseconds that such a part may take. */
const MAX_PART_MS = 20_000;
/** Parts of a file at least: enough to keep every lane at work to the end. */
const MIN_PARTS = 16;
/** Weight of the latest part in what is remembered. */
const EWMA_WEIGHT = 0.2;
/** Milliseconds that a part may take of a limited line: over ten seconds the limit is then kept within 5 %. */
const LIMITED_PART_MS = 500;
/** Parts after which it is written down, and after which without a fault the line counts as steady. */
const STEADY_PARTS = 8;
/** Bytes of a file that one request may send, and of one that is read to its end, for its checksum, beforehand. */
const MAX_SINGLE_REQUEST_BYTES = 256 * MIB;
const MAX_PRECOMPUTED_BYTES = 64 * MIB;
/** Milliseconds that may be lost with such a request. */
export const MAX_SINGLE_REQUEST_MS = 8_000;
/** Milliseconds that Create, Complete and the parts' signatures take: what one request for all saves. */
const MULTIPART_OVERHEAD_MS = 400;

/** Bytes per second; null where it is not known. */
interface Throughput {
  readonly scope: string;
  /** Of one part among others. */
  perPart: number | null;
  /** Of all lanes together, once a series of parts came through without a fault. */
  total: number | null;
  /** Of a request that was alone with a whole file. */
  singleRequest: number | null;
}

/** What besides the line decides about parts. */
export interface PartSizeConditions {
  /** Bytes per second that the page allows. */
  limit?: number;
  /** Whether checksums are offered: the signer wants a whole file's beforehand. */
  mustPrecompute?: boolean;
  /** Files that will be on the line at once. */
  concurrentFiles?: number;
}

/**
 * How fast the line to one destination is, remembered from visit to visit: a part costs its preflight and its answer
 * whatever its size, so that on a fast line large ones pay, and on a steady one a file of some seconds needs no parts.
 */
export class ThroughputEstimator {
  readonly #store: KeyValueStore;
  readonly #scope: () => string;
  readonly #now: () => number;
  #cached: Throughput | null = null;
  #partCount = 0;
  /** The last parts, none of which met a fault. */
  #recentParts: { readonly size: number; readonly begun: number }[] = [];

  /** @param now milliseconds that only ever grow */
  constructor(notebook: KeyValueStore, scope: () => string, now: () => number) {
    this.#store = notebook;
    this.#scope = scope;
    this.#now = now;
  }

  /** Takes in a part that was stored just now, and how long it took in its lane (milliseconds). */
  recordPart(size: number, duration: number): void {
    // the last part of a file tells more of latency than of speed
    if (size < DEFAULT_PART_SIZE / 2 || duration <= 0) return;
    const line = this.#load();
    const wasSteady = line.total !== null;
    line.perPart = blend(line.perPart, (size / duration) * 1_000);
    const now = this.#now();
    this.#recentParts.push({ size, begun: now - duration });
    if (this.#recentParts.length > STEADY_PARTS) this.#recentParts.shift();
    if (this.#recentParts.length === STEADY_PARTS) {
      const bytes = this.#recentParts.reduce((sum, part) => sum + part.size, 0);
      const begun = Math.min(...this.#recentParts.map((part) => part.begun));
      line.total = blend(line.total, (bytes / (now - begun)) * 1_000);
    }
    if (this.#partCount++ % STEADY_PARTS === 0 || wasSteady !== (line.total !== null)) this.#save(line);
  }

  /** Takes in that one request alone has sent a whole file, and how long that took (milliseconds). */
  recordSingleRequest(size: number, duration: number): void {
    // a short one tells more of latency than of speed
    if (size <= DEFAULT_PART_SIZE || duration < MULTIPART_OVERHEAD_MS) return;
    const line = this.#load();
    line.singleRequest = blend(line.singleRequest, (size / duration) * 1_000);
    this.#save(line);
  }

  /** Takes in that the line has failed, or been far slower than it was: it has to prove itself anew. */
  recordFailure(): void {
    const line = this.#load();
    this.#recentParts = [];
    if (line.total === null && line.singleRequest === null) return;
    line.total = line.singleRequest = null;
    this.#save(line);
  }

  /** Bytes per part to wish for, the whole file's where it needs no parts; undefined where the default will do. */
  partSizeFor(
    size: number,
    { limit = Infinity, mustPrecompute: isRead = false, concurrentFiles: sharers = 1 }: PartSizeConditions = {},
  ): number | undefined {
    const { perPart: speed } = this.#load();
    // a limit is kept by when parts begin
    const largest = Math.min(MAX_PART_BYTES, Math.max(MIN_PART_SIZE, (limit * LIMITED_PART_MS) / 1_000));
    if (largest < DEFAULT_PART_SIZE) {
      const part = Math.floor(largest / MIB) * MIB;
      return part * MAX_PARTS >= size ? part : undefined;
    }
    if (speed === null) return undefined;
    const largestWhole = isRead ? MAX_PRECOMPUTED_BYTES : MAX_SINGLE_REQUEST_BYTES;
    if (limit === Infinity && size <= largestWhole && this.#fitsSingleRequest(size, sharers)) return size;
    let wish = DEFAULT_PART_SIZE;
    const isBetter = (next: number): boolean =>
      next <= largest && next * MIN_PARTS <= size && (next / speed) * 1_000 < MAX_PART_MS;
    while (isBetter(wish * 2)) wish *= 2;
    return wish > DEFAULT_PART_SIZE ? wish : undefined;
  }

  /** Forgets this destination. */
  forget(): void {
    this.#cached = null;
    this.#recentParts = [];
    this.#store.write(PREFIX + this.#scope(), null);
  }

  /** Whether one request is as fast as parts, and so short that little is lost with it. */
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
