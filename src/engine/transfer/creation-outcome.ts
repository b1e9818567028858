import { StoreFault } from '../api/errors.js';

/** Records the outcome of the requests that create an upload's object, because the store may have created it unnoticed. */
export class CreationOutcome {
  #wasSent = false;
  #isInDoubt = false;
  #hasCreated = false;

  /** Whether a request that creates the object was sent. */
  get wasSent(): boolean {
    return this.#wasSent;
  }

  /** Whether such a request got no response, or a response that does not show whether the object was created. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** Whether such a request has succeeded; its upload may have been paused since. */
  get hasCreated(): boolean {
    return this.#hasCreated;
  }

  /** Resets the record, because another session begins. */
  reset(): void {
    this.#wasSent = this.#isInDoubt = this.#hasCreated = false;
  }

  /** Records the outcome of a request that creates the object. */
  async watch<T>(request: Promise<T>): Promise<T> {
    this.#wasSent = true;
    try {
      const answer = await request;
      this.#hasCreated = true;
      return answer;
    } catch (error) {
      // an object that the store refused to create does not exist
      this.#isInDoubt ||= !(error instanceof StoreFault && error.status >= 400 && error.status < 500);
      throw error;
    }
  }
}
