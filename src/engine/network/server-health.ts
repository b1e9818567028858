import { originOf } from '../util/origin.js';
import type { Clock, StoreRequest } from '../ports.js';
import { SignerHealth } from './signer-health.js';

/** What the responses of the store and the signer have shown, for all uploads of one uploader. */
export class ServerHealth {
  /** Distinguishes a signer that fails for one upload from one that fails for all. */
  readonly signer = new SignerHealth();
  readonly #clock: Clock;
  /** The pairs of method and origin for which CORS has let the page read an answer. */
  readonly #readable = new Set<string>();
  #hasAcceptedSignature = false;
  #hasSignerAnswer = false;
  #skewMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the store has ever accepted a signature. */
  get hasAcceptedSignature(): boolean {
    return this.#hasAcceptedSignature;
  }

  /** Whether the signer has answered any init call. */
  get hasSignerAnswer(): boolean {
    return this.#hasSignerAnswer;
  }

  /** Epoch milliseconds by the signer's clock. Until the signer has answered: by the device's clock, which may be wrong. */
  get signerTime(): number {
    return this.#clock.now() + this.#skewMs;
  }

  /** Whether CORS has let the page read an answer to a request of this method and origin. */
  isReadable(method: string, url: string): boolean {
    return this.#readable.has(keyOf(method, url));
  }

  /** Records an answer of the store that CORS has let the page read. */
  storeAnswered({ method, url }: Pick<StoreRequest, 'method' | 'url'>, isSuccess: boolean): void {
    this.#hasAcceptedSignature ||= isSuccess;
    this.#readable.add(keyOf(method, url));
  }

  /**
   * Records the signer's answer to an init call.
   * @param time epoch milliseconds by the signer's clock
   * @param requestedAt epoch milliseconds by the device's clock
   */
  signerAnswered(time: number, requestedAt: number): void {
    this.#hasSignerAnswer = true;
    if (Number.isFinite(time)) this.#skewMs = time - requestedAt;
  }
}

const keyOf = (method: string, url: string): string => `${method} ${originOf(url)}`;
