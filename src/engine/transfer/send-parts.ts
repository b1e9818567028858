import { abortable, withChildController } from '../util/abort.js';
import type { SignedRequests } from './signed-requests.js';
import { DigestRefusals } from '../integrity/digest-refusals.js';
import { explainReadError } from '../files/assert-unchanged.js';
import type { TrackerNotifier } from '../signing/tracker-notifier.js';
import type { RetryLoop } from '../network/retry-loop.js';
import { signedUploadOf } from '../model/session.js';
import type { Session } from '../model/session.js';
import type { SignatureCache } from '../signing/signature-cache.js';
import type { Signature } from '../model/signature.js';
import { isVerified } from '../s3/client.js';
import type { TransferHost } from './transfer-host.js';

/** Parts made ready, signed and waiting for a lane, beyond those in flight. */
const AHEAD = 2;

/** Keeps as many parts of one upload on their way as there are lanes, and some ready behind them. */
export class PartSender {
  readonly #host: TransferHost;
  readonly #retrier: RetryLoop;
  readonly #signatures: SignatureCache;
  readonly #carrier: SignedRequests;
  /** Of the run that is on; those of an earlier run may still be landing. */
  #inFlight = { count: 0 };
  #isPumping = false;
  #startNextPart: (() => boolean) | null = null;

  constructor(host: TransferHost, retrier: RetryLoop, signatures: SignatureCache, carrier: SignedRequests) {
    this.#host = host;
    this.#retrier = retrier;
    this.#signatures = signatures;
    this.#carrier = carrier;
  }

  /**
   * Sends every part that is missing.
   * @throws UploadError or Detour of the first part that cannot be sent; the others are dropped
   */
  async send(session: Session, notices: TrackerNotifier | null, signal: AbortSignal): Promise<void> {
    const { table } = session;
    const flights = (this.#inFlight = { count: 0 });
    try {
      await withChildController(signal, (own) =>
        abortable<void>(own.signal, (resolve) => {
          this.#startNextPart = () => {
            if (table.isComplete) resolve();
            const partNumber = own.signal.aborted ? null : table.startNext();
            if (partNumber === null) return false;
            flights.count++;
            void this.#sendPart(session, partNumber, notices, own.signal)
              .catch((error: unknown) => own.abort(error))
              .finally(() => {
                flights.count--;
                this.fillLanes();
                this.#retrier.settled();
              });
            return true;
          };
          this.fillLanes();
          return () => {};
        }),
      );
    } finally {
      this.#startNextPart = null;
    }
  }

  /** Launches parts while there is room: those that wait leave theirs to others, up to a point. */
  fillLanes(): void {
    // each part that is launched says so, which comes back here
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#hasRoom() && this.#startNextPart?.());
    this.#isPumping = false;
  }

  #hasRoom(): boolean {
    const { waiting } = this.#retrier;
    const { lanes } = this.#host.scheduler;
    return this.#inFlight.count - waiting < lanes + AHEAD && waiting <= lanes;
  }

  async #sendPart(
    session: Session,
    partNumber: number,
    notices: TrackerNotifier | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { table, checks } = session;
    const { clock, store, scheduler, name } = this.#host;
    const { start, end } = table.plan.range(partNumber);
    const size = end - start;
    let attempts = 0;
    let begun = 0;
    let wasVerified = false;
    const refusals = new DigestRefusals(name, () => {
      checks?.values?.forget(partNumber);
      this.#signatures.forgetPart(partNumber);
    });
    const sign = (): Promise<Signature> =>
      explainReadError(
        this.#host.file!,
        name,
        signal,
        this.#signatures.signPart(partNumber, signedUploadOf(session), () => table.missing(), signal),
      );
    const onProgress = (loaded: number): void => {
      table.recordProgress(partNumber, loaded);
      this.#host.changed();
    };
    try {
      const etag = await this.#retrier.retry('part', partNumber, signal, async (trial) => {
        attempts = trial.count;
        table.recordProgress(partNumber, 0);
        const flight = this.#carrier.sendSigned(size, signal, sign, (signature) => {
          begun = clock.monotonic();
          wasVerified = isVerified(signature);
          return store.uploadBody(
            signature,
            this.#host.file!.slice(start, end),
            this.#carrier.patience(trial, signal),
            onProgress,
          );
        });
        return flight.catch((error: unknown) => {
          refusals.record(error);
          throw error;
        });
      });
      table.markStored(partNumber, etag);
      checks?.sent(partNumber, etag, wasVerified);
    } finally {
      table.release(partNumber);
    }
    this.#signatures.forgetPart(partNumber);
    this.#retrier.progressed();
    scheduler.recordSuccess();
    if (session.tracked) notices?.stored(partNumber);
    this.#host.partStored({ partNumber, size, attempts, duration: Math.round(clock.monotonic() - begun) });
  }
}
