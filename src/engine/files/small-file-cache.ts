import { MAX_FULLY_HASHED_BYTES } from './fingerprint.js';
import type { Clock } from '../ports.js';

/** Bytes kept at most, over all files. */
const MAX_CACHED_BYTES = 4 * 1024 ** 2;
/** Milliseconds after which a file is read again: it may have changed, which only the browser can tell. */
const MAX_AGE_MS = 10_000;

/** Whether a file is read at one time, and sent from memory where that is done to recognise it. */
export const isSmall = ({ size }: Blob): boolean => size <= MAX_FULLY_HASHED_BYTES;

/**
 * The bytes of small files, from when they are recognised until they are sent, so that each is read once. Thousands of
 * files cost more by how often they are touched than by their bytes.
 */
export class SmallFileCache {
  readonly #clock: Clock;
  readonly #entries = new Map<Blob, { bytes: Uint8Array<ArrayBuffer>; at: number }>();
  #size = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reads one to recognise it, and keeps what it read while there is room. @throws DOMException */
  async read(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    this.#drop(file);
    if (this.#size + bytes.length > MAX_CACHED_BYTES) this.#dropExpired();
    if (this.#size + bytes.length <= MAX_CACHED_BYTES) {
      this.#entries.set(file, { bytes, at: this.#clock.monotonic() });
      this.#size += bytes.length;
    }
    return bytes;
  }

  /** Gives the bytes to send them, read just now or again. @throws DOMException */
  async take(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
    const kept = this.#entries.get(file);
    this.#drop(file);
    return kept && this.#isFresh(kept.at) ? kept.bytes : new Uint8Array(await file.arrayBuffer());
  }

  #isFresh(at: number): boolean {
    return this.#clock.monotonic() - at < MAX_AGE_MS;
  }

  /** Kept in the order they were read. */
  #dropExpired(): void {
    for (const [file, { at }] of this.#entries) {
      if (this.#isFresh(at)) return;
      this.#drop(file);
    }
  }

  #drop(file: Blob): void {
    this.#size -= this.#entries.get(file)?.bytes.length ?? 0;
    this.#entries.delete(file);
  }
}
