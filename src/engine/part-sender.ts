import { abortable } from './abort.js';
import type { Notices } from './notices.js';
import type { Retrier, Trial } from './retrier.js';
import { signedUploadOf } from './session.js';
import type { Session } from './session.js';
import type { Signature, Signatures } from './signatures.js';
import type { Patience } from './store-client.js';
import type { Upload, UploadHost } from './upload.js';

/** Parts made ready, signed and waiting for a lane, beyond those in flight. */
const AHEAD = 2;

/** What sends single requests, and how patiently. */
interface Carrier {
  fly<T>(
    bytes: number,
    signal: AbortSignal,
    sign: () => Promise<Signature>,
    send: (signature: Signature) => Promise<T>,
  ): Promise<T>;
  patience(trial: Trial, signal: AbortSignal): Patience;
}

/** Keeps as many parts of one upload on their way as there are lanes, and some ready behind them. */
export class PartSender {
  readonly #host: UploadHost;
  readonly #upload: Upload;
  readonly #retrier: Retrier;
  readonly #signatures: Signatures;
  readonly #carrier: Carrier;
  /** Of the run that is on; those of an earlier run may still be landing. */
  #flights = { count: 0 };
  #isPumping = false;
  #launch: (() => boolean) | null = null;

  constructor(host: UploadHost, upload: Upload, retrier: Retrier, signatures: Signatures, carrier: Carrier) {
    this.#host = host;
    this.#upload = upload;
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
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const flights = (this.#flights = { count: 0 });
    try {
      await abortable<void>(either, (resolve) => {
        this.#launch = () => {
          if (table.isComplete) resolve();
          const partNumber = either.aborted ? null : table.takeNext();
          if (partNumber === null) return false;
          flights.count++;
          void this.#sendPart(session, partNumber, notices, either)
            .catch((error: unknown) => failed.abort(error))
            .finally(() => {
              flights.count--;
              this.pump();
            });
          return true;
        };
        this.pump();
        return () => {};
      });
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
    const { table } = session;
    const { clock, store, scheduler } = this.#host;
    const { start, end } = table.plan.range(partNumber);
    const size = end - start;
    let attempts = 0;
    let begun = 0;
    const onProgress = (loaded: number): void => {
      table.sent(partNumber, loaded);
      this.#host.changed(this.#upload);
    };
    try {
      const etag = await this.#retrier.insist('part', partNumber, signal, async (trial) => {
        attempts = trial.attempt;
        table.sent(partNumber, 0);
        return this.#carrier.fly(
          size,
          signal,
          () => this.#signatures.part(partNumber, signedUploadOf(session), () => table.missing(), signal),
          (signature) => {
            begun = clock.monotonic();
            return store.put(
              signature,
              this.#upload.file!.slice(start, end),
              this.#carrier.patience(trial, signal),
              onProgress,
            );
          },
        );
      });
      table.stored(partNumber, etag);
    } finally {
      table.dropped(partNumber);
    }
    this.#signatures.used(partNumber);
    this.#retrier.progressed();
    scheduler.succeeded();
    if (session.tracked) notices?.stored(partNumber);
    this.#upload.partStored({ partNumber, size, attempts, duration: Math.round(clock.monotonic() - begun) });
  }
}
