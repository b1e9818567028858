import { MAX_FULLY_HASHED_BYTES } from './fingerprint.js';
import type { Clock } from '../ports.js';

/** Upper bound for all files together. */
const MAX_CACHED_BYTES = 4 * 1024 ** 2;
/** Older bytes are read again: the file may have changed, which only reading it shows. */
const MAX_AGE_MS = 10_000;

/** Whether a file is read as a whole for its fingerprint, and can then be sent from memory. */
export const isSmall = ({ size }: Blob): boolean => size <= MAX_FULLY_HASHED_BYTES;

/**
 * Keeps the bytes of small files from fingerprinting until they are sent, so that each file is read once. For thousands
 * of small files, the number of reads costs more than their bytes.
 */
export class SmallFileCache {
  readonly #clock: Clock;
  readonly #entries = new Map<Blob, { bytes: Uint8Array<ArrayBuffer>; at: number }>();
  #size = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reads a file for its fingerprint, and caches its bytes while there is room. @throws DOMException */
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

  /** Removes and returns a file's bytes, reading it again if they are missing or too old. @throws DOMException */
  async take(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.#entries.get(file);
    this.#drop(file);
    return entry && this.#isFresh(entry.at) ? entry.bytes : new Uint8Array(await file.arrayBuffer());
  }

  #isFresh(at: number): boolean {
    return this.#clock.monotonic() - at < MAX_AGE_MS;
  }

  /** A Map keeps the order in which the files were read, oldest first. */
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
