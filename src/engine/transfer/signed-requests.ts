import { signedUploadOf } from '../model/session.js';
import type { Session } from '../model/session.js';
import { isFresh } from '../model/signature.js';
import type { UploadRequest, SignatureCache } from '../signing/signature-cache.js';
import type { Signature } from '../model/signature.js';
import type { RetryLoop, Attempt } from '../network/retry-loop.js';
import type { RequestTimeouts } from '../s3/client.js';
import type { TransferHost } from './transfer-host.js';

/** Sends single requests of one upload, once each: takes a signature, then a lane, and flies. */
export class SignedRequests {
  readonly #host: TransferHost;
  readonly #signatures: SignatureCache;
  readonly #retrier: RetryLoop;
  #url: string | null = null;

  constructor(host: TransferHost, signatures: SignatureCache, retrier: RetryLoop) {
    this.#host = host;
    this.#retrier = retrier;
    this.#signatures = signatures;
  }

  /** The object's URL without its signature; null before the first request. */
  locationOf(key: string): string | null {
    if (!this.#url) return null;
    const { origin, pathname } = new URL(this.#url);
    // a POST policy's URL is the bucket's
    return `${origin}${pathname}${pathname.endsWith('/') ? key : ''}`;
  }

  /** Forgets where requests went. */
  reset(): void {
    this.#url = null;
  }

  /** Takes a signature, then a lane, and sends; a signature that grew old while waiting for the lane is left. */
  async sendSigned<T>(
    bytes: number,
    signal: AbortSignal,
    sign: () => Promise<Signature>,
    send: (signature: Signature) => Promise<T>,
  ): Promise<T> {
    const { scheduler, clock, id } = this.#host;
    for (;;) {
      const signature = await sign();
      const release = await scheduler.acquireLane(id, bytes, signal);
      try {
        signal.throwIfAborted();
        if (!isFresh(signature, clock)) continue;
        this.#url ??= signature.url;
        this.#host.laneChanged();
        return await send(signature);
      } finally {
        release();
        this.#host.laneChanged();
      }
    }
  }

  /** The same for a request without a file's bytes that the signer signs by itself. */
  sendS3Request<T>(
    what: UploadRequest,
    session: Session,
    trial: Pick<Attempt, 'stalls'>,
    signal: AbortSignal,
    send: (signature: Signature, timeouts: RequestTimeouts) => Promise<T>,
    marker?: number,
  ): Promise<T> {
    return this.sendSigned(
      0,
      signal,
      () => this.#signatures.signRequest(what, signedUploadOf(session), signal, marker),
      (signature) => send(signature, this.patience(trial, signal)),
    );
  }

  /** How patient to be with a try. */
  patience({ stalls }: Pick<Attempt, 'stalls'>, signal: AbortSignal): RequestTimeouts {
    return {
      signal,
      stalls,
      stallTimeout: this.#host.options.stallTimeout * 1_000,
      isLost: (url, isOverdue, ended) => this.#retrier.isLost(url, isOverdue, ended),
    };
  }
}
