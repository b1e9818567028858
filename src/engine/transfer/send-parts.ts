import { waitForRead } from '../files/read-fault.js';
import { DigestRefusals } from '../integrity/digest-refusals.js';
import type { OnConnectionLost } from '../network/attempt.js';
import { hasSignedChecksum } from '../s3/client.js';
import { abortable, withChildController } from '../util/abort.js';
import type { TransferContext } from './context.js';
import { sendSigned, timeoutsOf } from './signed-requests.js';
import type { PreparedRequest } from './signed-requests.js';

/** Maximum number of parts that are signed and wait for a slot, in addition to those in flight. */
const MAX_AHEAD = 2;

/** Keeps as many parts of one upload in flight as there are slots, and prepares some more. */
export class PartSender {
  readonly #context: TransferContext;
  /** Number of parts in flight in the current run. Each run has its own object: parts of an earlier run may still end. */
  #inFlight = { count: 0 };
  #isStarting = false;
  #startNextPart: (() => boolean) | null = null;
  readonly #onConnectionLost: OnConnectionLost;

  constructor(context: TransferContext, onConnectionLost: OnConnectionLost) {
    this.#context = context;
    this.#onConnectionLost = onConnectionLost;
  }

  /**
   * Sends every part that is not stored.
   * @throws UploadError or RestartRequired of the first part that cannot be sent; the other requests are aborted
   */
  async send(signal: AbortSignal): Promise<void> {
    const { session, retries } = this.#context;
    const { table } = session;
    const inFlight = (this.#inFlight = { count: 0 });
    try {
      await withChildController(signal, (controller) =>
        abortable<void>(controller.signal, (resolve) => {
          this.#startNextPart = () => {
            if (table.isComplete) resolve();
            const partNumber = controller.signal.aborted ? null : table.startNext();
            if (partNumber === null) return false;
            inFlight.count++;
            void this.#sendPart(partNumber, controller.signal)
              .catch((error: unknown) => controller.abort(error))
              .finally(() => {
                inFlight.count--;
                this.startParts();
                retries.waits.reportIfIdle();
              });
            return true;
          };
          this.startParts();
          return () => {};
        }),
      );
    } finally {
      this.#startNextPart = null;
    }
  }

  /** Starts parts while there are slots. Other parts may use the slots of parts that wait for a retry, up to a limit. */
  startParts(): void {
    // each part that starts reports activity, which calls this method again
    if (this.#isStarting) return;
    this.#isStarting = true;
    while (this.#hasRoom() && this.#startNextPart?.());
    this.#isStarting = false;
  }

  #hasRoom(): boolean {
    const { count: waiting } = this.#context.retries.waits;
    const { slots } = this.#context.services.scheduler;
    return this.#inFlight.count - waiting < slots + MAX_AHEAD && waiting <= slots;
  }

  async #sendPart(partNumber: number, signal: AbortSignal): Promise<void> {
    const context = this.#context;
    const { session, checks, notifier, services, record, signatures, retries } = context;
    const { table } = session;
    const { clock, s3, scheduler } = services;
    const { name } = record.facts;
    const { start, end } = table.plan.range(partNumber);
    const size = end - start;
    let attempts = 0;
    let sentAt = 0;
    let wasVerified = false;
    const refusals = new DigestRefusals(name, () => {
      checks?.values?.forget(partNumber);
      signatures.forgetPart(partNumber);
    });
    const prepare = async (): Promise<PreparedRequest> => {
      await context.renewExpiredGrant(signal);
      const upload = context.signedUpload(session, checks);
      const signing = signatures.signPart(partNumber, upload, () => table.unstored(), signal);
      return { signature: await waitForRead(name, signal, signing) };
    };
    const onProgress = (loaded: number): void => {
      table.recordProgress(partNumber, loaded);
      context.report({ type: 'progress' });
    };
    try {
      const etag = await retries.retry(
        'part',
        partNumber,
        signal,
        async (attempt) => {
          attempts = attempt.count;
          table.recordProgress(partNumber, 0);
          try {
            return await sendSigned(context, size, signal, prepare, ({ signature }) => {
              sentAt = clock.monotonic();
              wasVerified = hasSignedChecksum(signature);
              const timeouts = timeoutsOf(context, attempt.stalls, signal);
              return s3.uploadBody(signature, record.file!.slice(start, end), timeouts, onProgress);
            });
          } catch (error) {
            refusals.record(error);
            throw error;
          }
        },
        this.#onConnectionLost,
      );
      table.markStored(partNumber, etag);
      checks?.recordSent(partNumber, etag, wasVerified);
    } finally {
      table.release(partNumber);
    }
    signatures.forgetPart(partNumber);
    retries.recordSuccess();
    scheduler.recordSuccess();
    if (session.tracked) notifier?.stored(partNumber);
    const duration = Math.round(clock.monotonic() - sentAt);
    context.report({ type: 'part-stored', detail: { partNumber, size, attempts, duration } });
  }
}
