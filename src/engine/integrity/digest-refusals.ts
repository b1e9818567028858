import { StoreFault, UploadError } from '../api/errors.js';

/** Refusals of the same bytes after which the file is read again: its checksum may be what is wrong. */
const UNTIL_READ_AGAIN = 2;
/** Refusals after which something on the way is taken to change whatever passes. */
const MOST = 6;

/** Something other than the file stands, or would stand, in the store. */
export const wrongBytes = (name: string, what: string): UploadError =>
  new UploadError(
    'integrity',
    `“${name}”: ${what}. Something on the way, or in the store, changes what passes: try another network.`,
    { retryable: true, phase: 'part', isFinal: true },
  );

/** Whether a store refused bytes for their checksum. */
export const isBadDigest = (error: unknown): boolean => error instanceof StoreFault && error.code === 'BadDigest';

/** What becomes of bytes that the store has refused for their checksum. */
export class DigestRefusals {
  readonly #name: string;
  readonly #readAgain: () => void;
  #count = 0;

  constructor(name: string, readAgain: () => void) {
    this.#name = name;
    this.#readAgain = readAgain;
  }

  /**
   * Takes in a failure of any kind; what is no verdict is tried again.
   * @throws UploadError `integrity`
   */
  meet(error: unknown): void {
    if (!isBadDigest(error)) return;
    this.#count++;
    if (this.#count >= MOST) throw wrongBytes(this.#name, `the store has refused the same bytes ${MOST} times`);
    if (this.#count % UNTIL_READ_AGAIN === 0) this.#readAgain();
  }
}
