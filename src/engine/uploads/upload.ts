import { MIN_PART_SIZE } from '../../limits.js';
import { reasonOf, UploadError } from '../api/errors.js';
import { isOver, isRunning } from '../api/status.js';
import type { UploadSnapshot, UploaderEventMap, WaitingFor } from '../api/types.js';
import { partStates } from '../model/part-states.js';
import { resumptionOf, restoreSession } from '../model/session.js';
import type { Session } from '../model/session.js';
import { snapshotOf } from '../model/snapshot.js';
import { transition } from '../model/state-machine.js';
import type { StatusEvent } from '../model/state-machine.js';
import { UploadRecord } from '../model/upload-record.js';
import type { Owner, UploadFacts } from '../model/upload-record.js';
import type { Step, UploadObserver, UploadReport } from '../model/upload-report.js';
import type { Wait } from '../network/waits.js';
import type { JournalRecord, RemoteProgress, Resumption } from '../ports.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import type { SharedUpload } from '../resume/shared-upload.js';
import type { TabCoordinator } from '../resume/tab-coordinator.js';
import { Transfer } from '../transfer/run.js';
import type { TransferCode, TransferServices } from '../transfer/run.js';
import { unlessAborted } from '../util/abort.js';
import type { ModuleLoader } from '../util/module-loader.js';
import { SpeedMeter } from '../util/speed-meter.js';
import type { reopenFile } from './reopen-file.js';

/** Time between two progress events while no byte is sent and the shown speed decreases. */
const DECAY_STEP_MS = 1_000;

/** The dependencies that all uploads share, besides those of their transfers. */
export interface UploadServices extends TransferServices {
  readonly tabs: TabCoordinator;
  readonly journal: JournalWriter;
  readonly deferredCode: ModuleLoader<TransferCode & { readonly reopenFile: typeof reopenFile }>;
}

/** Receives the events and changes of uploads. */
export interface UploadListener {
  emit<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): void;
  /** Called after every change that a snapshot shows. */
  changed(upload: Upload): void;
  /** Called when an object is stored, before the last notification to the signer. */
  stored(): void;
}

/** The upload of one file: its status and events, its snapshot for the page, and its progress for other tabs. */
export class Upload extends UploadRecord implements UploadObserver, SharedUpload {
  /** Bytes that the last progress event reported; null requests an event although no byte was sent. */
  reportedBytes: number | null = 0;
  readonly #services: UploadServices;
  readonly #listener: UploadListener;
  /** Created on first use and released at the end, because thousands of uploads may be listed. */
  #transfer: Transfer | null = null;
  /** The object's URL, once the upload is complete. */
  #finalLocation: string | null = null;
  readonly #meter = new SpeedMeter();
  #cancelDecay: (() => void) | null = null;
  /** The status to show while the upload does not wait. */
  #step: Step = 'starting';
  #runController: AbortController | null = null;
  /** Whether this tab sends the upload: it holds the lock, or will request it after a second. */
  #isClaimed = false;
  /** The last progress that the sending tab has reported; null if this tab sends the upload. */
  #remoteProgress: RemoteProgress | null = null;
  #runEnded: Promise<void> = Promise.resolve();
  /** Resolves once this tab has withdrawn what it began of an upload that another tab sends. */
  #withdrawal?: Promise<void>;
  #hasStarted = false;
  #loaded = 0;
  #retries = 0;
  /** Whether the file was found changed, or could not be read. */
  #isFileInDoubt = false;
  #receipt: string | null = null;
  #error: UploadError | null = null;
  #snapshot: UploadSnapshot | null = null;

  constructor(
    services: UploadServices,
    listener: UploadListener,
    facts: UploadFacts,
    owner: Owner,
    source: { file: File } | { record: JournalRecord },
  ) {
    const record = 'record' in source ? source.record : null;
    super(facts, owner, record?.createdAt ?? services.clock.now());
    this.#services = services;
    this.#listener = listener;
    this.file = 'file' in source ? source.file : null;
    if (!record) return;
    this.fingerprint = record.fingerprint;
    this.recovered = true;
    this.principal = record.principal;
    this.objectKey = record.objectKey;
    this.status = record.aborting ? 'aborted' : 'needs-file';
    this.adopt(record);
  }

  get snapshot(): UploadSnapshot {
    return (this.#snapshot ??= this.#createSnapshot());
  }

  get progressReport(): RemoteProgress {
    const { status, loaded, speed, eta, parts, key, uploadId, etag, location, receipt } = this.snapshot;
    const { checksum, integrity } = this.snapshot;
    const resumption = resumptionOf(this.session, this.recordId);
    return {
      ...{ status, loaded, speed, eta, parts, key, uploadId, etag, location, checksum, integrity, receipt },
      resumption,
    };
  }

  /** State of each part; null if unknown to this tab. */
  get partStates(): Uint8Array | null {
    const { table } = this.session ?? {};
    return table && !this.#remoteProgress ? partStates(table) : null;
  }

  get #location(): string | null {
    return this.#transfer?.location ?? this.#finalLocation;
  }

  get #activeTransfer(): Transfer {
    return (this.#transfer ??= new Transfer(this.#services, this, this));
  }

  // ---- Called by the page, the user and other tabs ----

  /** Adopts the session that the journal or another tab has recorded. */
  adopt(record: Resumption): void {
    this.recordId = record.id;
    const session = restoreSession(record);
    if (session || this.session) this.#setSession(session);
    this.#changed();
  }

  /** Updates bytes and speed. */
  updateSpeed(): void {
    const { table } = this.session ?? {};
    if (table) this.#loaded = Math.min(this.facts.size, Math.max(this.#loaded, table.loaded));
    const { clock } = this.#services;
    this.#meter.sample(this.#loaded, clock.monotonic());
    this.#snapshot = null;
    this.#cancelDecay?.();
    // the speed decreases although nothing else changes
    this.#cancelDecay =
      this.snapshot.speed > 0 ? clock.setTimer(() => this.#requestProgressEvent(), DECAY_STEP_MS) : null;
  }

  /** Starts a queued upload. */
  begin(): void {
    if (this.status !== 'queued' || this.hasFormerOwner) return;
    this.#error = null;
    this.#step = 'starting';
    this.#transition('start');
    this.#hasStarted = true;
    // does nothing if a listener has paused, aborted or restarted the upload
    this.revive();
  }

  /** Stops sending while the page is hidden or left, so that other tabs can resume the upload. */
  suspend(): void {
    if (!this.#runController) return;
    this.#transfer?.flushNotifier();
    this.#stop();
  }

  /** Resumes when the page is shown again: acquires the lock, then lists the stored parts. */
  revive(): void {
    if (isRunning(this.status) && !this.#runController) this.#start();
  }

  showRemoteProgress(progress: RemoteProgress): void {
    this.#remoteProgress = progress;
    // the other tab may end it while this page is not listening
    this.wasShared = true;
    this.#loaded = Math.max(this.#loaded, Math.min(progress.loaded, this.facts.size));
    this.#changed();
  }

  get reportedResumption(): Resumption | null {
    return this.#remoteProgress?.resumption ?? null;
  }

  takeOver(resumption: Resumption | null): void {
    this.wasShared = true;
    if (resumption && resumption.uploadId !== this.session?.uploadId) this.adopt(resumption);
    this.#transfer?.invalidateParts();
  }

  waitForTab<T>(work: Promise<T>): Promise<T> {
    return this.#activeTransfer.retries.waits.add('tab', null, work);
  }

  /** Stops sending; stored parts are kept. */
  pause(): void {
    if (this.status !== 'queued' && !isRunning(this.status)) return;
    this.#stop();
    this.#transfer?.flushNotifier();
    this.#transition('pause');
  }

  /** Whether it failed because its file has changed or is gone, so that a new version of the file may be sent. */
  get acceptsChangedFile(): boolean {
    return this.status === 'failed' && this.#isFileInDoubt;
  }

  /** Queues the upload again. */
  enqueue(): void {
    if (this.hasFormerOwner) return;
    if (this.status === 'paused' || this.status === 'failed' || this.status === 'needs-file') {
      this.#error = null;
      if (this.file) this.#transition('enqueue');
      else if (this.status !== 'needs-file') this.#transition('need-file');
    } else this.retryNow(true);
  }

  /** Pauses an upload of an earlier page load until the user resumes it. */
  hold(): void {
    this.#transition('hold');
  }

  /** Sets a file handle that cannot be read without the user's permission. */
  setHandle(handle: UploadRecord['handle']): void {
    this.handle = handle;
    this.#requestProgressEvent();
  }

  /** Records that the handle does not return the file. @param error null if the user has refused permission */
  setFileMissing(error: UploadError | null = null): void {
    this.handle = null;
    this.#error = error;
    this.#requestProgressEvent();
    if (error) this.#listener.emit('mule-error', { upload: this.snapshot, error });
  }

  /** Lists the stored parts of an upload of an earlier page load, for display. */
  async refreshParts(): Promise<void> {
    const isIdle = (): boolean => this.snapshot.found;
    await this.#activeTransfer.refreshParts(isIdle, this.#services.lifetime).catch(() => {});
    if (isIdle()) this.updateSpeed();
    this.#changed();
  }

  /** Fails an upload, because a promise that the page passed to `waitUntil()` was rejected. */
  refuse(error: unknown): void {
    if (isOver(this.status)) return;
    this.#stop();
    const message = `“${this.facts.name}” was held back by the page: ${reasonOf(error)}.`;
    this.#fail(new UploadError('signer-refused', message, { phase: 'init', cause: error }));
  }

  /** Ends waits for network and signer early. @param isStoreIncluded whether to end waits for the store too */
  retryNow(isStoreIncluded: boolean): void {
    this.#transfer?.retries.retryNow(isStoreIncluded);
  }

  /** Retries the calls that the signer refused because nobody was signed in. */
  authorize(): void {
    this.#transfer?.retries.authorize();
  }

  /** Ends the upload in this page at once, and on the store when the store can be reached. */
  abort(): void {
    if (this.status === 'complete' || this.status === 'aborted') return;
    this.#stop();
    this.#transition('abort');
    void this.abandon();
  }

  /** Aborts the multipart upload on the store, so that no stored part is billed. */
  async abandon(): Promise<void> {
    const { tabs, journal, lifetime } = this.#services;
    try {
      await this.#runEnded;
      // an upload that another tab sends is not aborted on the store
      if ((this.#remoteProgress || this.session) && (await tabs.isHeldElsewhere(this))) return;
      if (this.#transfer || this.session) await this.#activeTransfer.abort(() => journal.save(this), lifetime);
      await journal.remove(this);
    } catch {
      // the journal marks it as aborting, so the next page load tries again; the last resort is the bucket's lifecycle rule
    }
  }

  /** Stops without an event, because the uploader is disposed of. */
  dispose(): void {
    this.#stop();
  }

  /** Stops for good in this page, because the owner has left. The journal keeps the upload for that owner. */
  endForOwnerChange(): void {
    this.hasFormerOwner = true;
    this.#stop();
    if (isOver(this.status) || this.status === 'paused' || this.status === 'needs-file') return;
    this.#transition('pause');
  }

  // ---- Reports of the transfer ----

  report(report: UploadReport): void {
    switch (report.type) {
      case 'step':
        this.#step = report.step;
        this.#showStatus();
        break;
      case 'activity':
        this.#showStatus();
        this.#transfer?.startParts();
        break;
      case 'progress':
        this.#listener.changed(this);
        break;
      case 'retry':
        this.#retries++;
        this.#changed();
        this.#listener.emit('mule-retry', { upload: this.snapshot, ...report.detail });
        break;
      case 'problem':
        this.#error = report.error;
        this.#changed();
        this.#listener.emit('mule-error', { upload: this.snapshot, error: report.error });
        break;
      case 'session-opened':
        this.#error = null;
        this.#changed();
        break;
      case 'session-changed':
        void this.#services.journal.save(this);
        break;
      case 'part-stored':
        // a problem that was reported before is solved
        this.#error = null;
        this.#changed();
        this.#listener.emit('mule-part', { upload: this.snapshot, ...report.detail });
        break;
      default:
    }
  }

  // ---- The run: from the lock to the end ----

  #start(): void {
    this.#runController = new AbortController();
    const { signal } = this.#runController;
    this.#runEnded = this.#runTransfer(signal).catch((error: unknown) => this.#fail(error, signal));
  }

  async #runTransfer(signal: AbortSignal): Promise<void> {
    const { tabs, journal } = this.#services;
    this.#step = 'starting';
    this.#showStatus();
    if (this.#withdrawal) await this.#withdrawal;
    if (this.#isFileInDoubt) await this.#reopenFile(signal);
    const claim = this.#isNewSmallFile
      ? tabs.claimLater(this, signal, () => this.#waitForOtherTab())
      : await tabs.claim(this, signal);
    if ('ended' in claim) {
      this.#endAs(claim.ended);
      return;
    }
    // a paused or aborted upload must not keep other tabs from its lock
    signal.addEventListener('abort', claim.release, { once: true });
    if (signal.aborted) claim.release();
    signal.throwIfAborted();
    this.#isClaimed = true;
    this.#remoteProgress = null;
    const transfer = this.#activeTransfer;
    // the object is stored already if the upload was paused during its last notification
    this.stored ??= await transfer.run(signal);
    transfer.setStep('finishing');
    this.#listener.stored();
    this.#receipt = await transfer.finish(signal);
    await journal.remove(this);
    signal.throwIfAborted();
    this.#finish();
  }

  /** Whether the upload is new and small: it most likely ends soon, and no other tab or journal record knows it. */
  get #isNewSmallFile(): boolean {
    const isNew = !this.recovered && !this.wasShared && !this.session && this.recordId === this.id;
    return isNew && this.facts.size <= MIN_PART_SIZE;
  }

  /** Withdraws what this tab has begun, because another tab sends the upload; then waits for that tab. */
  #waitForOtherTab(): void {
    // this tab has stored the object: only the last notification is left
    if (this.stored) return;
    const { lifetime, journal } = this.#services;
    this.wasShared = true;
    this.suspend();
    this.#withdrawal = this.#runEnded
      .then(() => this.#activeTransfer.withdraw(lifetime))
      .then(() => journal.remove(this));
    this.revive();
  }

  /** Ends the upload as the sending tab has ended it. */
  #endAs(progress: RemoteProgress): void {
    this.#remoteProgress = progress;
    if (progress.status === 'complete') {
      const { etag, checksum, integrity } = progress;
      this.stored = { etag: etag ?? '', checksum, integrity: integrity ?? 'unverified' };
      this.#receipt = progress.receipt;
      // this tab may have written a record while it waited
      void this.#services.journal.remove(this);
      this.#finish();
      return;
    }
    this.#stop();
    this.#transition('abort');
  }

  #finish(): void {
    this.#stop();
    this.#finalLocation = this.#location;
    this.#transfer = null;
    this.#loaded = this.facts.size;
    this.#error = null;
    this.#transition('complete');
  }

  #stop(): void {
    this.#transfer?.invalidateParts();
    this.wasShared ||= this.#isClaimed && Boolean(this.session?.uploadId);
    this.#isClaimed = false;
    this.#runController?.abort(new DOMException('The upload was stopped', 'AbortError'));
    this.#runController = null;
    this.#meter.reset();
    this.#cancelDecay?.();
  }

  #fail(error: unknown, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    const message = `“${this.facts.name}”: ${reasonOf(error)}.`;
    this.#error = error instanceof UploadError ? error : new UploadError('invalid-response', message, { cause: error });
    this.#isFileInDoubt ||= this.#error.code === 'file-changed' || this.#error.code === 'file-unreadable';
    this.#stop();
    this.#transition('fail');
  }

  /** Opens a file that has changed: keeps the session if the file is the former one again, else starts over. */
  async #reopenFile(signal: AbortSignal): Promise<void> {
    const { deferredCode } = this.#services;
    const transfer = this.#activeTransfer;
    const { reopenFile } = await transfer.retries.waits.add(
      'network',
      null,
      unlessAborted(signal, deferredCode.load()),
    );
    if (await reopenFile(this, transfer, this.#services, signal)) this.#loaded = 0;
    this.#isFileInDoubt = false;
    this.#changed();
  }

  #setSession(session: Session | null): void {
    if (this.#transfer) this.#transfer.adopt(session);
    else this.session = session;
  }

  // ---- Status and snapshot ----

  /** Shows the current step, or the wait if no attempt is under way. */
  #showStatus(): void {
    if (!isRunning(this.status) || !this.#runController) return;
    const wait = this.#firstWait;
    if (!wait && this.status === this.#step) return;
    if (wait) this.#meter.reset();
    this.#changed();
    this.#transition(wait ? 'show-waiting' : `show-${this.#step}`);
  }

  /** Changes the status, and dispatches `mule-status` and the event that the transition names. */
  #transition(statusEvent: StatusEvent): void {
    const previous = this.status;
    const { status, event } = transition(previous, statusEvent);
    if (status === previous) return;
    const error = this.#error;
    this.status = status;
    this.#changed();
    this.#listener.emit('mule-status', { upload: this.snapshot, previous });
    const upload = this.snapshot;
    if (event === 'mule-start') this.#listener.emit(this.#hasStarted ? 'mule-resume' : event, { upload });
    else if (event === 'mule-error') this.#listener.emit(event, { upload, error: error! });
    else if (event === 'mule-complete') this.#listener.emit(event, completeDetailOf(upload));
    else if (event) this.#listener.emit(event, { upload });
  }

  /** Requests a progress event although no byte was sent. */
  #requestProgressEvent(): void {
    this.reportedBytes = null;
    this.#changed();
  }

  #changed(): void {
    this.#snapshot = null;
    this.#listener.changed(this);
  }

  /** The wait that ends first; null while an attempt is under way. */
  get #firstWait(): Wait | null {
    const { clock, scheduler } = this.#services;
    const heldMs = scheduler.heldFor(this.id);
    if (heldMs) return { for: 'store', until: clock.now() + heldMs };
    const waits = this.#transfer?.retries.waits;
    return !waits || waits.isBusy ? null : waits.first;
  }

  #shownWait(): { for: WaitingFor | null; until: number | null } {
    if (this.status === 'needs-file') return { for: 'file', until: null };
    return (this.status === 'waiting' && this.#firstWait) || { for: null, until: null };
  }

  #createSnapshot(): UploadSnapshot {
    return snapshotOf({
      record: this,
      wait: this.#shownWait(),
      loaded: this.#loaded,
      speed: this.status === 'uploading' ? this.#meter.speed(this.#services.clock.monotonic()) : 0,
      location: this.#location,
      remoteProgress: this.#remoteProgress,
      receipt: this.#receipt,
      retries: this.#retries,
      error: this.#error,
      hasStarted: this.#hasStarted,
    });
  }
}

function completeDetailOf(upload: UploadSnapshot): UploaderEventMap['mule-complete']['detail'] {
  const { key, etag, location, size, checksum, integrity, receipt } = upload;
  return { upload, key: key!, etag, location, size, checksum, integrity: integrity!, receipt };
}
