import { StoreFault } from '../api/errors.js';

/** Records the outcome of the requests that create an upload's object, because the store may have created it unnoticed. */
export class CreationOutcome {
  #wasSent = false;
  #isInDoubt = false;

  /** Whether a request that creates the object was sent. */
  get wasSent(): boolean {
    return this.#wasSent;
  }

  /** Whether such a request got no response, or a response that does not show whether the object was created. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** Resets the record, because another session begins. */
  reset(): void {
    this.#wasSent = this.#isInDoubt = false;
  }

  /** Records the outcome of a request that creates the object. */
  async watch<T>(request: Promise<T>): Promise<T> {
    this.#wasSent = true;
    try {
      return await request;
    } catch (error) {
      // an object that the store refused to create does not exist
      this.#isInDoubt ||= !(error instanceof StoreFault && error.status >= 400 && error.status < 500);
      throw error;
    }
  }
}
