import { originOf } from '../util/origin.js';
import type { Clock, StoreRequest } from '../ports.js';
import { SignerHealth } from './signer-health.js';

/** The facts that responses of the store and the signer have shown so far, for all uploads of one uploader. */
export class ServerHealth {
  /** Distinguishes a signer that fails for one upload from one that fails for all. */
  readonly signer = new SignerHealth();
  readonly #clock: Clock;
  /** Methods and origins of which the browser could read an answer. */
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

  /** Epoch milliseconds by the signer's clock, as far as known: the browser's own clock may be wrong. */
  get serverTime(): number {
    return this.#clock.now() + this.#skewMs;
  }

  /** Whether an answer to such a request could be read so far. */
  isReadable(method: string, url: string): boolean {
    return this.#readable.has(keyOf(method, url));
  }

  /** Records an answer of the store that could be read. */
  storeAnswered({ method, url }: Pick<StoreRequest, 'method' | 'url'>, isSuccess: boolean): void {
    this.#hasAcceptedSignature ||= isSuccess;
    this.#readable.add(keyOf(method, url));
  }

  /** Records an answer to init. @param time epoch milliseconds by the signer's clock @param askedAt by the browser's */
  signerAnswered(time: number, askedAt: number): void {
    this.#hasSignerAnswer = true;
    if (Number.isFinite(time)) this.#skewMs = time - askedAt;
  }
}

const keyOf = (method: string, url: string): string => `${method} ${originOf(url)}`;
