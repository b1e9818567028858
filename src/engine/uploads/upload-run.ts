import { MIN_PART_SIZE } from '../../limits.js';
import { isRunning } from '../api/status.js';
import type { Session } from '../model/session.js';
import type { Wait } from '../network/waits.js';
import type { RemoteProgress } from '../ports.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import type { SharedUpload } from '../resume/shared-upload.js';
import type { TabCoordinator } from '../resume/tab-coordinator.js';
import { Transfer } from '../transfer/run.js';
import type { TransferCode, TransferServices } from '../transfer/run.js';
import { unlessAborted } from '../util/abort.js';
import type { ModuleLoader } from '../util/module-loader.js';
import type { reopenFile } from './reopen-file.js';

/** The dependencies of a run, besides those of its transfer. */
export interface RunServices extends TransferServices {
  readonly tabs: TabCoordinator;
  readonly journal: JournalWriter;
  readonly deferredCode: ModuleLoader<TransferCode & { readonly reopenFile: typeof reopenFile }>;
}

/** Runs one upload in this tab: from its lock to the stored object. It can be stopped, and started again. */
export class UploadRun {
  /** Created on first use and released at the end, because thousands of uploads may be listed. */
  transfer: Transfer | null = null;
  readonly #services: RunServices;
  readonly #upload: SharedUpload;
  /** The object's URL, once the upload is complete. */
  #finalLocation: string | null = null;
  #controller: AbortController | null = null;
  /** Whether this tab sends the upload: it holds the lock, or will request it after a second. */
  #isClaimed = false;
  #ended: Promise<void> = Promise.resolve();
  /** Resolves once this tab has withdrawn what it began of an upload that another tab sends. */
  #withdrawal?: Promise<void>;

  /** @param upload its record; receives the reports of the run */
  constructor(services: RunServices, upload: SharedUpload) {
    this.#services = services;
    this.#upload = upload;
  }

  /** The transfer, which is created if there is none. */
  get activeTransfer(): Transfer {
    return (this.transfer ??= new Transfer(this.#services, this.#upload, this.#upload));
  }

  /** Whether it has been started and not stopped. */
  get isActive(): boolean {
    return this.#controller !== null;
  }

  /** The object's URL without its signature; null before the first request. */
  get location(): string | null {
    return this.transfer?.location ?? this.#finalLocation;
  }

  /** The wait that ends first; null while an attempt is under way. */
  get firstWait(): Wait | null {
    const { clock, scheduler } = this.#services;
    const heldMs = scheduler.heldFor(this.#upload.id);
    if (heldMs) return { for: 'store', until: clock.now() + heldMs };
    const waits = this.transfer?.retries.waits;
    return !waits || waits.isBusy ? null : waits.first;
  }

  /** Uses another session; null closes the session. */
  adopt(session: Session | null): void {
    if (this.transfer) this.transfer.adopt(session);
    else this.#upload.session = session;
  }

  /** Starts the run, unless it is active or the upload does not run. */
  start(): void {
    if (!isRunning(this.#upload.status) || this.#controller) return;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    this.#ended = this.#run(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#upload.report({ type: 'failed', error });
    });
  }

  /** Stops an active run, after the pending notifications were sent to the tracker. */
  suspend(): void {
    if (!this.#controller) return;
    this.transfer?.flushNotifier();
    this.stop();
  }

  /** Stops the run; stored parts are kept. */
  stop(): void {
    const upload = this.#upload;
    this.transfer?.invalidateParts();
    upload.wasShared ||= this.#isClaimed && Boolean(upload.session?.uploadId);
    this.#isClaimed = false;
    this.#controller?.abort(new DOMException('The upload was stopped', 'AbortError'));
    this.#controller = null;
    upload.report({ type: 'stopped' });
  }

  /** Closes this tab's session and aborts its multipart upload, because another tab has begun another one. */
  async abortOwnSession(): Promise<void> {
    if (this.#upload.session) await this.activeTransfer.startOver(this.#services.lifetime);
  }

  /** Aborts the multipart upload on the store, unless another tab sends the upload. */
  async abandon(): Promise<void> {
    const { tabs, journal, lifetime } = this.#services;
    const upload = this.#upload;
    try {
      await this.#ended;
      const { remoteProgress } = upload;
      // an upload that another tab sends is not aborted on the store
      const isSame = !remoteProgress || !this.#differsFrom(remoteProgress);
      if (isSame && (remoteProgress || upload.session) && (await tabs.isHeldElsewhere(upload))) return;
      if (this.transfer || upload.session) await this.activeTransfer.abort(() => journal.save(upload), lifetime);
      await journal.remove(upload);
    } catch {
      // the journal marks it as aborting, so the next page load tries again; the last resort is the bucket's lifecycle rule
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { tabs, journal } = this.#services;
    const upload = this.#upload;
    upload.report({ type: 'step', step: 'starting' });
    if (this.#withdrawal) await this.#withdrawal;
    if (upload.isFileInDoubt) await this.#reopenFile(signal);
    const claim = this.#isNewSmallFile
      ? tabs.claimLater(upload, signal, () => this.#waitForOtherTab())
      : await tabs.claim(upload, signal);
    if ('ended' in claim) {
      const { ended } = claim;
      const isComplete = ended.status === 'complete';
      const isOther = this.#differsFrom(ended);
      // this tab may have written a record while it waited
      if (isComplete || isOther) void journal.remove(upload);
      if (isOther) await this.abortOwnSession();
      if (isComplete) this.#finish();
      else upload.report({ type: 'aborted' });
      return;
    }
    // a paused or aborted upload must not keep other tabs from its lock
    signal.addEventListener('abort', claim.release, { once: true });
    if (signal.aborted) claim.release();
    signal.throwIfAborted();
    this.#isClaimed = true;
    upload.remoteProgress = null;
    const transfer = this.activeTransfer;
    // the object is stored already if the upload was paused during its last notification
    upload.stored ??= await transfer.run(signal);
    transfer.setStep('finishing');
    upload.report({ type: 'stored' });
    upload.receipt = await transfer.finish(signal);
    await journal.remove(upload);
    signal.throwIfAborted();
    this.#finish();
  }

  /** Whether this tab has begun another multipart upload than the one that another tab reports. */
  #differsFrom({ uploadId, resumption }: RemoteProgress): boolean {
    const { session, recordId } = this.#upload;
    return Boolean(session?.uploadId) && session!.uploadId !== uploadId && resumption?.id !== recordId;
  }

  /** Whether the upload is new and small: it most likely ends soon, and no other tab or journal record knows it. */
  get #isNewSmallFile(): boolean {
    const { recovered, wasShared, session, recordId, id, facts } = this.#upload;
    return !recovered && !wasShared && !session && recordId === id && facts.size <= MIN_PART_SIZE;
  }

  /** Opens a file that has changed: keeps the session if the file is the former one again, else starts over. */
  async #reopenFile(signal: AbortSignal): Promise<void> {
    const { deferredCode } = this.#services;
    const transfer = this.activeTransfer;
    const { reopenFile } = await transfer.retries.waits.add(
      'network',
      null,
      unlessAborted(signal, deferredCode.load()),
    );
    await reopenFile(this.#upload, transfer, this.#services, signal);
  }

  /** Withdraws what this tab has begun, because another tab sends the upload; then waits for that tab. */
  #waitForOtherTab(): void {
    const upload = this.#upload;
    // this tab has stored the object: only the last notification is left
    if (upload.stored) return;
    const { lifetime, journal } = this.#services;
    upload.wasShared = true;
    this.suspend();
    this.#withdrawal = this.#ended
      .then(() => this.activeTransfer.withdraw(lifetime))
      .then(() => journal.remove(upload));
    this.start();
  }

  #finish(): void {
    this.stop();
    this.#finalLocation = this.location;
    this.transfer = null;
    this.#upload.report({ type: 'complete' });
  }
}
