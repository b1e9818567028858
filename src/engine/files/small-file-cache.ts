import type { Clock } from '../ports.js';

/** Maximum bytes of all cached files together. */
const MAX_CACHED_BYTES = 4 * 1024 ** 2;
/** Files are read again after this time, because they may have changed. */
const MAX_AGE_MS = 10_000;

/**
 * Keeps the bytes of small files in memory from the fingerprint until they are sent, so that each file is read once. With
 * thousands of small files, starting a read takes longer than reading the bytes.
 */
export class SmallFileCache {
  readonly #clock: Clock;
  readonly #entries = new Map<Blob, { bytes: Uint8Array<ArrayBuffer>; readAt: number }>();
  #cachedBytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reads a file for its fingerprint, and caches its bytes while there is room. @throws DOMException */
  async read(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    this.#remove(file);
    if (this.#cachedBytes + bytes.length > MAX_CACHED_BYTES) this.#removeExpired();
    if (this.#cachedBytes + bytes.length <= MAX_CACHED_BYTES) {
      this.#entries.set(file, { bytes, readAt: this.#clock.monotonic() });
      this.#cachedBytes += bytes.length;
    }
    return bytes;
  }

  /** Removes and returns a file's bytes, reading it again if they are missing or too old. @throws DOMException */
  async take(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.#entries.get(file);
    this.#remove(file);
    return entry && this.#isFresh(entry.readAt) ? entry.bytes : new Uint8Array(await file.arrayBuffer());
  }

  #isFresh(readAt: number): boolean {
    return this.#clock.monotonic() - readAt < MAX_AGE_MS;
  }

  /** Removes expired entries. The Map lists its entries in the order of reading, so the oldest come first. */
  #removeExpired(): void {
    for (const [file, { readAt }] of this.#entries) {
      if (this.#isFresh(readAt)) return;
      this.#remove(file);
    }
  }

  #remove(file: Blob): void {
    this.#cachedBytes -= this.#entries.get(file)?.bytes.length ?? 0;
    this.#entries.delete(file);
  }
}
