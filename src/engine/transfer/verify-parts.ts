import type { UploadError } from '../api/errors.js';
import { integrityError } from '../integrity/digest-refusals.js';
import { RestartRequired } from '../network/restart-required.js';
import { unlessAborted } from '../util/abort.js';
import type { TransferContext } from './context.js';
import { readFile } from './object-checksum.js';
import type { PartSender } from './send-parts.js';

/** Mismatches of one part, or of the object, after which the upload fails. */
export const MAX_MISMATCHES = 4;

/** Verifies stored parts against the file, and sends those again whose stored bytes differ. */
export class StoredPartChecks {
  readonly #context: TransferContext;
  readonly #sender: PartSender;
  /** Mismatches of the whole object. */
  objectMismatches = 0;
  /** Mismatches by part number. */
  readonly #mismatches = new Map<number, number>();
  #failure: UploadError | null = null;

  constructor(context: TransferContext, sender: PartSender) {
    this.#context = context;
    this.#sender = sender;
  }

  /** Creates the session's checks, once; loads the code that computes checksums if it is needed. */
  async open(isMultipart: boolean, signal: AbortSignal): Promise<void> {
    const context = this.#context;
    const { services, session, record } = context;
    const { checksums } = services;
    if (!context.checks) {
      const { checksum: agreed, table } = session;
      checksums.reportAgreed(agreed?.algorithm);
      if (!agreed && !checksums.isWanted) return;
      const kit = await unlessAborted(signal, checksums.loadKit());
      // the store accepts no part of it without a checksum
      if (!kit && agreed?.type === 'COMPOSITE')
        throw new RestartRequired('restart', 'its checksums cannot be computed');
      if (!kit) return;
      const { scheduler } = services;
      const etagFormat = (): ReturnType<typeof checksums.etagFormatOf> =>
        checksums.etagFormatOf(new URL(context.location ?? 'about:blank').origin);
      const onMismatch = (partNumber: number): void => {
        if (session === record.session) this.#handleMismatch(partNumber);
      };
      context.checks = kit.createChecks(
        { table, agreed, isMultipart, record, scheduler, etagFormat, onMismatch },
        signal,
      );
    }
    context.checks.begin(signal);
  }

  /**
   * Waits until every stored part that has to be verified is.
   * @throws UploadError `integrity` if the store holds other bytes repeatedly
   */
  async settled(signal: AbortSignal): Promise<void> {
    const { checks } = this.#context;
    if (checks) await readFile(this.#context, signal, () => checks.settled());
    const failure = this.#failure;
    if (!failure) return;
    this.#failure = null;
    this.resetCounts();
    throw failure;
  }

  /** Counts mismatches from zero: the upload fails, and the user may retry it. */
  resetCounts(): void {
    this.#mismatches.clear();
    this.objectMismatches = 0;
  }

  #handleMismatch(partNumber: number): void {
    const { session, record } = this.#context;
    const attempt = (this.#mismatches.get(partNumber) ?? 0) + 1;
    this.#mismatches.set(partNumber, attempt);
    if (attempt > MAX_MISMATCHES) {
      this.#failure ??= integrityError(
        record.facts.name,
        `the store repeatedly holds other bytes of part ${partNumber}`,
      );
      return;
    }
    session.table.markLost(partNumber);
    const reason = 'the store holds other bytes of it than the file';
    this.#context.report({ type: 'retry', detail: { phase: 'part', partNumber, attempt, delay: 0, reason } });
    this.#sender.startParts();
  }
}
