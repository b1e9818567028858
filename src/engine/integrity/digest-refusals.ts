import { StoreFault, UploadError } from '../api/errors.js';

/** Refusals of the same bytes after which the file is read again: its checksum may be what is wrong. */
const RECOMPUTE_EVERY = 2;
/** Refusals after which something on the way is taken to change whatever passes. */
const MAX_REFUSALS = 6;

/** Something other than the file stands, or would stand, in the store. */
export const integrityError = (name: string, what: string): UploadError =>
  new UploadError(
    'integrity',
    `“${name}”: ${what}. Something on the way, or in the store, changes what passes: try another network.`,
    { retryable: true, phase: 'part' },
  );

/** Whether a store refused bytes for their checksum. */
export const isBadDigest = (error: unknown): boolean => error instanceof StoreFault && error.code === 'BadDigest';

/** What becomes of bytes that the store has refused for their checksum. */
export class DigestRefusals {
  readonly #name: string;
  readonly #recompute: () => void;
  #count = 0;

  constructor(name: string, readAgain: () => void) {
    this.#name = name;
    this.#recompute = readAgain;
  }

  /**
   * Takes in a failure of any kind; what is no verdict is tried again.
   * @throws UploadError `integrity`
   */
  record(error: unknown): void {
    if (!isBadDigest(error)) return;
    this.#count++;
    if (this.#count >= MAX_REFUSALS)
      throw integrityError(this.#name, `the store has refused the same bytes ${MAX_REFUSALS} times`);
    if (this.#count % RECOMPUTE_EVERY === 0) this.#recompute();
  }
}
