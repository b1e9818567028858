import { reasonOf, UploadError } from '../api/errors.js';
import { isOver, isRunning } from '../api/status.js';
import type { UploadSnapshot, UploaderEventMap, WaitingFor } from '../api/types.js';
import { partStates } from '../model/part-states.js';
import { progressReportOf } from '../model/progress-report.js';
import { resumptionOf, restoreSession } from '../model/session.js';
import { completeDetailOf, snapshotOf } from '../model/snapshot.js';
import { transition } from '../model/state-machine.js';
import type { StatusEvent } from '../model/state-machine.js';
import { UploadRecord } from '../model/upload-record.js';
import type { Owner, UploadFacts } from '../model/upload-record.js';
import type { Step, UploadObserver, UploadReport } from '../model/upload-report.js';
import type { JournalRecord, RemoteProgress, Resumption } from '../ports.js';
import type { SharedUpload } from '../resume/shared-upload.js';
import { SpeedMeter } from '../util/speed-meter.js';
import { UploadRun } from './upload-run.js';
import type { RunServices } from './upload-run.js';

/** Time between two progress events while no byte is sent and the shown speed decreases. */
const DECAY_STEP_MS = 1_000;

/** What an upload is created from: a file, or the record of an earlier page load. */
export type UploadSource = { readonly file: File } | { readonly record: JournalRecord };

/** Receives the events and changes of uploads. */
export interface UploadListener {
  /**
   * @param wasListed whether to dispatch the event although a listener has just removed the upload from the list
   * @returns whether the event was dispatched
   */
  emit<K extends keyof UploaderEventMap>(
    upload: Upload,
    type: K,
    detail: UploaderEventMap[K]['detail'],
    wasListed?: boolean,
  ): boolean;
  /** Called after every change that a snapshot shows. */
  changed(upload: Upload): void;
  /** Called when an object is stored, before the last notification to the signer. */
  stored(): void;
}

/** The upload of one file: its status and events, its snapshot for the page, and its progress for other tabs. */
export class Upload extends UploadRecord implements UploadObserver, SharedUpload {
  /** Bytes that the last progress event reported; null requests an event although no byte was sent. */
  reportedBytes: number | null = 0;
  readonly #services: RunServices;
  readonly #run: UploadRun;
  readonly #listener: UploadListener;
  readonly #meter = new SpeedMeter();
  #cancelDecay: (() => void) | null = null;
  /** The status to show while the upload does not wait. */
  #step: Step = 'starting';
  #snapshot: UploadSnapshot | null = null;

  constructor(services: RunServices, listener: UploadListener, facts: UploadFacts, owner: Owner, source: UploadSource) {
    const record = 'record' in source ? source.record : null;
    super(facts, owner, record?.createdAt ?? services.clock.now());
    this.#services = services;
    this.#run = new UploadRun(services, this);
    this.#listener = listener;
    this.file = 'file' in source ? source.file : null;
    if (!record) return;
    this.restore(record);
    this.adopt(record);
  }

  get snapshot(): UploadSnapshot {
    return (this.#snapshot ??= this.#createSnapshot());
  }

  get progressReport(): RemoteProgress {
    return progressReportOf(this.snapshot, this.session?.principal, resumptionOf(this.session, this.recordId));
  }

  /** State of each part; null if unknown to this tab. */
  get partStates(): Uint8Array | null {
    const { table } = this.session ?? {};
    return table && !this.remoteProgress ? partStates(table) : null;
  }

  // ---- Called by the page, the user and other tabs ----

  /** Replaces session and record ID by the recorded ones; closes the session if none is recorded. */
  adopt(record: Resumption): void {
    this.recordId = record.id;
    const session = restoreSession(record);
    if (session || this.session) this.#run.adopt(session);
    this.#changed();
  }

  /** Updates bytes and speed. */
  updateSpeed(): void {
    const { table } = this.session ?? {};
    if (table) this.loaded = Math.min(this.facts.size, Math.max(this.loaded, table.loaded));
    const { clock } = this.#services;
    this.#meter.sample(this.loaded, clock.monotonic());
    this.#snapshot = null;
    this.#cancelDecay?.();
    // the speed decreases although nothing else changes
    this.#cancelDecay =
      this.snapshot.speed > 0 ? clock.setTimer(() => this.#requestProgressEvent(), DECAY_STEP_MS) : null;
  }

  /** Starts a queued upload. */
  begin(): void {
    if (this.status !== 'queued' || this.hasFormerOwner) return;
    this.error = null;
    this.#step = 'starting';
    this.#transition('start');
    this.hasStarted = true;
    // does nothing if a listener has paused, aborted or restarted the upload
    this.revive();
  }

  /** Stops sending while the page is hidden or left, so that other tabs can resume the upload. */
  suspend(): void {
    this.#run.suspend();
  }

  /** Sends the upload if it is running: after its start, or when the page is shown again. */
  revive(): void {
    this.#run.start();
  }

  showRemoteProgress(progress: RemoteProgress): void {
    this.remoteProgress = progress;
    // the other tab may store parts or end the upload while this page receives no reports
    this.wasShared = true;
    this.loaded = Math.max(this.loaded, Math.min(progress.loaded, this.facts.size));
    this.#changed();
  }

  /** The data for resuming the upload that the other tab has reported; null if it has reported none. */
  get reportedResumption(): Resumption | null {
    return this.remoteProgress?.resumption ?? null;
  }

  async takeOver(resumption: Resumption | null): Promise<void> {
    this.wasShared = true;
    const isOther = resumption?.uploadId ? resumption.uploadId !== this.session?.uploadId : !this.session;
    if (resumption && isOther) {
      // the record of the other upload replaces that of this one
      if (resumption.id !== this.recordId) {
        void this.#services.journal.remove(this);
        await this.#run.abortOwnSession();
      }
      this.adopt(resumption);
    }
    this.#run.transfer?.invalidateParts();
  }

  waitForTab<T>(work: Promise<T>): Promise<T> {
    return this.#run.activeTransfer.retries.waits.add('tab', null, work);
  }

  /** Stops sending; stored parts are kept. */
  pause(): void {
    if (this.status !== 'queued' && !isRunning(this.status)) return;
    this.#run.stop();
    this.#run.transfer?.flushNotifier();
    this.#transition('pause');
  }

  /** Queues a paused or failed upload again, or asks for its file; ends the waits of a running one. */
  enqueue(): void {
    if (this.hasFormerOwner) return;
    if (this.status === 'paused' || this.status === 'failed' || this.status === 'needs-file') {
      this.error = null;
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
    this.error = error;
    this.#requestProgressEvent();
    if (error) this.#listener.emit(this, 'mule-error', { upload: this.snapshot, error });
  }

  /** Lists the stored parts of an upload of an earlier page load, for display. */
  async refreshParts(): Promise<void> {
    const isNotResumed = (): boolean => this.snapshot.found;
    await this.#run.activeTransfer.refreshParts(isNotResumed, this.#services.lifetime).catch(() => {});
    if (isNotResumed()) this.updateSpeed();
    this.#changed();
  }

  /** Fails an upload, because a promise that the page passed to `waitUntil()` was rejected. */
  refuse(error: unknown): void {
    if (isOver(this.status)) return;
    // there is no code for a refusal by the page
    const message = `“${this.facts.name}” was held back by the page: ${reasonOf(error)}.`;
    this.#fail(new UploadError('signer-refused', message, { phase: 'init', cause: error }));
  }

  /** Ends waits for network and signer early. @param isStoreIncluded whether to end waits for the store too */
  retryNow(isStoreIncluded: boolean): void {
    this.#run.transfer?.retries.retryNow(isStoreIncluded);
  }

  /** Retries the calls that the signer refused because nobody was signed in. */
  authorize(): void {
    this.#run.transfer?.retries.authorize();
  }

  /** Ends the upload in this page at once, and on the store when the store can be reached. */
  abort(): void {
    if (this.status === 'complete' || this.status === 'aborted') return;
    this.#run.stop();
    this.#transition('abort');
    void this.abandon();
  }

  /** Aborts the multipart upload on the store, so that no stored part is billed. */
  abandon(): Promise<void> {
    return this.#run.abandon();
  }

  /** Stops without an event, because the uploader is disposed of. */
  dispose(): void {
    this.#run.stop();
  }

  /** Stops for good in this page, because the owner has left. The journal keeps the upload for that owner. */
  endForOwnerChange(): void {
    this.hasFormerOwner = true;
    this.#run.stop();
    if (isOver(this.status) || this.status === 'paused' || this.status === 'needs-file') return;
    this.#transition('pause');
  }

  // ---- Reports of the run and its transfer ----

  report(report: UploadReport): void {
    switch (report.type) {
      case 'step':
        this.#step = report.step;
        this.#showStatus();
        break;
      case 'activity':
        this.#showStatus();
        this.#run.transfer?.startParts();
        break;
      case 'progress':
        this.#listener.changed(this);
        break;
      case 'retry':
        this.retries++;
        this.#changed();
        this.#listener.emit(this, 'mule-retry', { upload: this.snapshot, ...report.detail });
        break;
      case 'problem':
        // a problem of the abort in the background does not concern the page
        if (isOver(this.status)) break;
        this.error = report.error;
        this.#changed();
        this.#listener.emit(this, 'mule-error', { upload: this.snapshot, error: report.error });
        break;
      case 'session-opened':
        this.error = null;
        this.#changed();
        break;
      case 'session-changed':
        void this.#services.journal.save(this);
        break;
      case 'part-stored':
        // a problem that was reported before is solved
        this.error = null;
        this.#changed();
        this.#listener.emit(this, 'mule-part', { upload: this.snapshot, ...report.detail });
        break;
      case 'file-reopened':
        this.#changed();
        break;
      case 'stored':
        this.#listener.stored();
        break;
      case 'stopped':
        this.#meter.reset();
        this.#cancelDecay?.();
        break;
      case 'complete':
        this.loaded = this.facts.size;
        this.error = null;
        this.#transition('complete');
        break;
      case 'aborted':
        this.#run.stop();
        this.#transition('abort');
        break;
      case 'failed':
        this.#fail(report.error);
        break;
      // the transfer has handled the others
      default:
    }
  }

  #fail(error: unknown): void {
    const message = `“${this.facts.name}”: ${reasonOf(error)}.`;
    this.error = error instanceof UploadError ? error : new UploadError('invalid-response', message, { cause: error });
    this.isFileInDoubt ||= this.error.code === 'file-changed' || this.error.code === 'file-unreadable';
    this.#run.stop();
    this.#transition('fail');
  }

  // ---- Status and snapshot ----

  /** Shows the current step, or the wait if no attempt is under way. */
  #showStatus(): void {
    if (!isRunning(this.status) || !this.#run.isActive) return;
    const wait = this.#run.firstWait;
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
    const error = this.error;
    this.status = status;
    this.#changed();
    const isListed = this.#listener.emit(this, 'mule-status', { upload: this.snapshot, previous });
    const upload = this.snapshot;
    const emit = <K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): boolean =>
      this.#listener.emit(this, type, detail, isListed);
    if (event === 'mule-start') emit(this.hasStarted ? 'mule-resume' : event, { upload });
    else if (event === 'mule-error') emit(event, { upload, error: error! });
    else if (event === 'mule-complete') emit(event, completeDetailOf(upload));
    else if (event) emit(event, { upload });
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

  #shownWait(): { for: WaitingFor | null; until: number | null } {
    if (this.status === 'needs-file') return { for: 'file', until: null };
    return (this.status === 'waiting' && this.#run.firstWait) || { for: null, until: null };
  }

  #createSnapshot(): UploadSnapshot {
    return snapshotOf({
      record: this,
      wait: this.#shownWait(),
      speed: this.status === 'uploading' ? this.#meter.speed(this.#services.clock.monotonic()) : 0,
      location: this.#run.location,
    });
  }
}
