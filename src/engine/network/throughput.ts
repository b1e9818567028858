import { DEFAULT_PART_SIZE, MAX_PARTS, MIB, MIN_PART_SIZE } from '../../limits.js';
import type { KeyValueStore } from '../ports.js';

const PREFIX = 'mule-upload:line:';
/** Bytes of the largest part that speed alone makes. */
const LARGEST = 64 * MIB;
/** Milliseconds that such a part may take. */
const MOST_TIME = 20_000;
/** Parts of a file at least: enough to keep every lane at work to the end. */
const LEAST_PARTS = 16;
/** Weight of the latest part in what is remembered. */
const NEWEST = 0.2;
/** Milliseconds that a part may take of a limited line: over ten seconds the limit is then kept within 5 %. */
const LIMITED_TIME = 500;
/** Parts after which it is written down, and after which without a fault the line counts as steady. */
const SERIES = 8;
/** Bytes of a file that one request may send, and of one that is read to its end, for its checksum, beforehand. */
const LARGEST_WHOLE = 256 * MIB;
const LARGEST_READ_WHOLE = 64 * MIB;
/** Milliseconds that may be lost with such a request. */
export const MAX_SINGLE_REQUEST_MS = 8_000;
/** Milliseconds that Create, Complete and the parts' signatures take: what one request for all saves. */
const PARTS_TIME = 400;

/** Bytes per second; null where it is not known. */
interface Line {
  readonly scope: string;
  /** Of one part among others. */
  speed: number | null;
  /** Of all lanes together, once a series of parts came through without a fault. */
  total: number | null;
  /** Of a request that was alone with a whole file. */
  alone: number | null;
}

/** What besides the line decides about parts. */
export interface Circumstances {
  /** Bytes per second that the page allows. */
  limit?: number;
  /** Whether checksums are offered: the signer wants a whole file's beforehand. */
  isRead?: boolean;
  /** Files that will be on the line at once. */
  sharers?: number;
}

/**
 * How fast the line to one destination is, remembered from visit to visit: a part costs its preflight and its answer
 * whatever its size, so that on a fast line large ones pay, and on a steady one a file of some seconds needs no parts.
 */
export class ThroughputEstimator {
  readonly #notebook: KeyValueStore;
  readonly #scope: () => string;
  readonly #now: () => number;
  #known: Line | null = null;
  #parts = 0;
  /** The last parts, none of which met a fault. */
  #series: { readonly size: number; readonly begun: number }[] = [];

  /** @param now milliseconds that only ever grow */
  constructor(notebook: KeyValueStore, scope: () => string, now: () => number) {
    this.#notebook = notebook;
    this.#scope = scope;
    this.#now = now;
  }

  /** Takes in a part that was stored just now, and how long it took in its lane (milliseconds). */
  sent(size: number, duration: number): void {
    // the last part of a file tells more of latency than of speed
    if (size < DEFAULT_PART_SIZE / 2 || duration <= 0) return;
    const line = this.#line();
    const wasSteady = line.total !== null;
    line.speed = blend(line.speed, (size / duration) * 1_000);
    const now = this.#now();
    this.#series.push({ size, begun: now - duration });
    if (this.#series.length > SERIES) this.#series.shift();
    if (this.#series.length === SERIES) {
      const bytes = this.#series.reduce((sum, part) => sum + part.size, 0);
      const begun = Math.min(...this.#series.map((part) => part.begun));
      line.total = blend(line.total, (bytes / (now - begun)) * 1_000);
    }
    if (this.#parts++ % SERIES === 0 || wasSteady !== (line.total !== null)) this.#write(line);
  }

  /** Takes in that one request alone has sent a whole file, and how long that took (milliseconds). */
  sentWhole(size: number, duration: number): void {
    // a short one tells more of latency than of speed
    if (size <= DEFAULT_PART_SIZE || duration < PARTS_TIME) return;
    const line = this.#line();
    line.alone = blend(line.alone, (size / duration) * 1_000);
    this.#write(line);
  }

  /** Takes in that the line has failed, or been far slower than it was: it has to prove itself anew. */
  failed(): void {
    const line = this.#line();
    this.#series = [];
    if (line.total === null && line.alone === null) return;
    line.total = line.alone = null;
    this.#write(line);
  }

  /** Bytes per part to wish for, the whole file's where it needs no parts; undefined where the default will do. */
  partSizeFor(size: number, { limit = Infinity, isRead = false, sharers = 1 }: Circumstances = {}): number | undefined {
    const { speed } = this.#line();
    // a limit is kept by when parts begin
    const largest = Math.min(LARGEST, Math.max(MIN_PART_SIZE, (limit * LIMITED_TIME) / 1_000));
    if (largest < DEFAULT_PART_SIZE) {
      const part = Math.floor(largest / MIB) * MIB;
      return part * MAX_PARTS >= size ? part : undefined;
    }
    if (speed === null) return undefined;
    const largestWhole = isRead ? LARGEST_READ_WHOLE : LARGEST_WHOLE;
    if (limit === Infinity && size <= largestWhole && this.#needsNoParts(size, sharers)) return size;
    let wish = DEFAULT_PART_SIZE;
    const isBetter = (next: number): boolean =>
      next <= largest && next * LEAST_PARTS <= size && (next / speed) * 1_000 < MOST_TIME;
    while (isBetter(wish * 2)) wish *= 2;
    return wish > DEFAULT_PART_SIZE ? wish : undefined;
  }

  /** Forgets this destination. */
  forget(): void {
    this.#known = null;
    this.#series = [];
    this.#notebook.write(PREFIX + this.#scope(), null);
  }

  /** Whether one request is as fast as parts, and so short that little is lost with it. */
  #needsNoParts(size: number, sharers: number): boolean {
    const { total, alone } = this.#line();
    if (total === null || size <= DEFAULT_PART_SIZE) return false;
    const time = (size / (alone ?? total)) * 1_000;
    return time * sharers <= MAX_SINGLE_REQUEST_MS && time <= (size / total) * 1_000 + PARTS_TIME;
  }

  #write({ scope, speed, total, alone }: Line): void {
    const text = [speed, total, alone].map((figure) => Math.round(figure ?? 0)).join(' ');
    this.#notebook.write(PREFIX + scope, text);
  }

  #line(): Line {
    const scope = this.#scope();
    if (this.#known?.scope !== scope) {
      const figures = (this.#notebook.read(PREFIX + scope) ?? '').split(' ').map(Number);
      const [speed = null, total = null, alone = null] = figures.map((one) =>
        one > 0 && Number.isFinite(one) ? one : null,
      );
      this.#known = { scope, speed, total, alone };
      this.#series = [];
    }
    return this.#known;
  }
}

const blend = (known: number | null, latest: number): number =>
  known === null ? latest : known + (latest - known) * NEWEST;
