import { abortable, following } from '../util/abort.js';
import type { Carrier } from './signed-requests.js';
import { DigestRefusals } from '../integrity/digest-refusals.js';
import { reading } from '../files/assert-unchanged.js';
import type { Notices } from '../signing/tracker-notifier.js';
import type { Retrier } from '../network/retry-loop.js';
import { signedUploadOf } from '../model/session.js';
import type { Session } from '../model/session.js';
import type { Signature, Signatures } from '../signing/signature-cache.js';
import { isVerified } from '../s3/client.js';
import type { TransferHost } from './transfer-host.js';

/** Parts made ready, signed and waiting for a lane, beyond those in flight. */
const AHEAD = 2;

/** Keeps as many parts of one upload on their way as there are lanes, and some ready behind them. */
export class PartSender {
  readonly #host: TransferHost;
  readonly #retrier: Retrier;
  readonly #signatures: Signatures;
  readonly #carrier: Carrier;
  /** Of the run that is on; those of an earlier run may still be landing. */
  #flights = { count: 0 };
  #isPumping = false;
  #launch: (() => boolean) | null = null;

  constructor(host: TransferHost, retrier: Retrier, signatures: Signatures, carrier: Carrier) {
    this.#host = host;
    this.#retrier = retrier;
    this.#signatures = signatures;
    this.#carrier = carrier;
  }

  /**
   * Sends every part that is missing.
   * @throws UploadError or Detour of the first part that cannot be sent; the others are dropped
   */
  async send(session: Session, notices: Notices | null, signal: AbortSignal): Promise<void> {
    const { table } = session;
    const flights = (this.#flights = { count: 0 });
    try {
      await following(signal, (own) =>
        abortable<void>(own.signal, (resolve) => {
          this.#launch = () => {
            if (table.isComplete) resolve();
            const partNumber = own.signal.aborted ? null : table.takeNext();
            if (partNumber === null) return false;
            flights.count++;
            void this.#sendPart(session, partNumber, notices, own.signal)
              .catch((error: unknown) => own.abort(error))
              .finally(() => {
                flights.count--;
                this.pump();
                this.#retrier.settled();
              });
            return true;
          };
          this.pump();
          return () => {};
        }),
      );
    } finally {
      this.#launch = null;
    }
  }

  /** Launches parts while there is room: those that wait leave theirs to others, up to a point. */
  pump(): void {
    // each part that is launched says so, which comes back here
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#hasRoom() && this.#launch?.());
    this.#isPumping = false;
  }

  #hasRoom(): boolean {
    const { waiting } = this.#retrier;
    const { lanes } = this.#host.scheduler;
    return this.#flights.count - waiting < lanes + AHEAD && waiting <= lanes;
  }

  async #sendPart(session: Session, partNumber: number, notices: Notices | null, signal: AbortSignal): Promise<void> {
    const { table, checks } = session;
    const { clock, store, scheduler, name } = this.#host;
    const { start, end } = table.plan.range(partNumber);
    const size = end - start;
    let attempts = 0;
    let begun = 0;
    let wasVerified = false;
    const refusals = new DigestRefusals(name, () => {
      checks?.values?.forget(partNumber);
      this.#signatures.used(partNumber);
    });
    const sign = (): Promise<Signature> =>
      reading(
        this.#host.file!,
        name,
        signal,
        this.#signatures.part(partNumber, signedUploadOf(session), () => table.missing(), signal),
      );
    const onProgress = (loaded: number): void => {
      table.sent(partNumber, loaded);
      this.#host.changed();
    };
    try {
      const etag = await this.#retrier.insist('part', partNumber, signal, async (trial) => {
        attempts = trial.attempt;
        table.sent(partNumber, 0);
        const flight = this.#carrier.fly(size, signal, sign, (signature) => {
          begun = clock.monotonic();
          wasVerified = isVerified(signature);
          return store.put(
            signature,
            this.#host.file!.slice(start, end),
            this.#carrier.patience(trial, signal),
            onProgress,
          );
        });
        return flight.catch((error: unknown) => {
          refusals.meet(error);
          throw error;
        });
      });
      table.stored(partNumber, etag);
      checks?.sent(partNumber, etag, wasVerified);
    } finally {
      table.dropped(partNumber);
    }
    this.#signatures.used(partNumber);
    this.#retrier.progressed();
    scheduler.succeeded();
    if (session.tracked) notices?.stored(partNumber);
    this.#host.partStored({ partNumber, size, attempts, duration: Math.round(clock.monotonic() - begun) });
  }
}
