import { StoreFault, UploadError } from '../api/errors.js';

/** Rejections after which the checksum is computed again, because it may be wrong itself. */
const RECOMPUTE_EVERY = 2;
/** Rejections after which the upload fails: something on the network must be altering the data. */
const MAX_REFUSALS = 6;

/**
 * Returns the error for stored data that differs from the file, or that would differ if the store had accepted it.
 * @param what a clause that says what was found
 */
export const integrityError = (name: string, what: string): UploadError =>
  new UploadError('integrity', `“${name}”: ${what}. The network or the store alters the data: try another network.`, {
    // the user may retry it; the engine does not
    retryable: true,
    phase: 'part',
    isFinal: true,
  });

/** Whether a store rejected data because of its checksum. */
export const isBadDigest = (error: unknown): boolean => error instanceof StoreFault && error.code === 'BadDigest';

/** Counts how often the store rejected the same bytes because of their checksum. */
export class DigestRefusals {
  readonly #name: string;
  readonly #recompute: () => void;
  #count = 0;

  constructor(name: string, recompute: () => void) {
    this.#name = name;
    this.#recompute = recompute;
  }

  /**
   * Records a failure of any kind; only a rejected checksum counts.
   * @throws UploadError `integrity`
   */
  record(error: unknown): void {
    if (!isBadDigest(error)) return;
    this.#count++;
    if (this.#count >= MAX_REFUSALS) {
      throw integrityError(this.#name, `the store rejected the checksum of the same bytes ${MAX_REFUSALS} times`);
    }
    if (this.#count % RECOMPUTE_EVERY === 0) this.#recompute();
  }
}
