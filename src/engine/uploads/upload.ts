import { RestartResolver } from '../transfer/restart.js';
import type { DetoursHost } from '../transfer/restart.js';
import { reasonOf, UploadError } from '../api/errors.js';
import type { Phase } from '../api/errors.js';
import { assertReadable, assertUnchanged } from '../files/assert-unchanged.js';
import { fingerprint } from '../files/fingerprint.js';
import { partStates } from '../model/part-states.js';
import { RestartRequired, RetryLoop } from '../network/retry-loop.js';
import type { Wait } from '../network/retry-loop.js';
import { resumptionOf, restoreSession } from '../model/session.js';
import type { Session } from '../model/session.js';
import { isSmall } from '../files/small-file-cache.js';
import { SpeedMeter } from '../util/speed-meter.js';
import { assertStep, isOver, isRunning } from '../api/status.js';
import { Transfer } from '../transfer/transfer.js';
import type { Outcome } from '../transfer/transfer.js';
import type { TransferHost } from '../transfer/transfer-host.js';
import type { FileHandle, UploadSnapshot, UploadStatus, UploaderEventMap, WaitingFor } from '../api/types.js';
import type { JournalRecord, Resumption, RemoteProgress } from '../ports.js';
import type { Owner, UploadFacts, UploadHost } from './upload-host.js';
import { snapshotOf } from '../model/snapshot.js';

/** Between two looks at a speed while no bytes move. */
const DECAY_STEP_MS = 1_000;

/** One file's life, from the queue to the bucket: the one state machine, and what to do on each failure. */
export class Upload {
  facts: UploadFacts;
  file: File | null;
  /** Where the file lies on the disk, for the next visit, or since the last. */
  handle: FileHandle | null = null;
  fingerprint: string | null;
  recovered: boolean;
  /** What the page filled in for the signer. */
  params: Record<string, unknown> = {};
  /** Wish for the object's key. */
  objectKey = '';
  /** Of the whole file, which init is told where one request is to send it. */
  checksum: UploadSnapshot['checksum'] = null;
  /** Under which the journal has it. */
  recordId: string;
  /** Bytes that the last progress event told. */
  reported: number | null = 0;
  createdAt: number;
  /** Whose it is: an unfinished upload comes back to the same owner, and to nobody else. */
  owner: Owner;
  /** User that the signer named in the visit that left it, as in its record; undefined for a new one. */
  readonly principal: string | null | undefined;
  /** Asks init for a fresh start: what there was cannot be gone on with. */
  wantsFresh = false;
  /** Whether another tab has had it, or may have: only the store knows what it has come to. */
  wasShared = false;
  /** Wish for bytes per part that goes before the page's; null where the line has called for none. */
  partSizeWish: number | null = null;

  readonly #host: UploadHost;
  /** What it does its work with: made when it is first needed, let go when all is done, for there may be thousands. */
  #runtime: { readonly retrier: RetryLoop; readonly transfer: Transfer; readonly detours: RestartResolver } | null =
    null;
  /** Where it went, once all is done. */
  #finalLocation: { readonly session: Session | null; readonly location: string | null } | null = null;
  readonly #meter = new SpeedMeter();
  #cancelDecay: (() => void) | null = null;
  #status: UploadStatus = 'queued';
  /** What the status is while nothing is waited for. */
  #step: 'starting' | 'uploading' | 'finishing' = 'starting';
  #run: AbortController | null = null;
  /** Whether no other tab can have it. */
  #isHeld = false;
  /** What the tab that has it, or has completed it, tells. */
  #remoteProgress: RemoteProgress | null = null;
  #ended: Promise<void> = Promise.resolve();
  #hasStarted = false;
  #isReleased = false;
  #loaded = 0;
  #retries = 0;
  /** What is known of the object once it stands in the bucket. */
  #stored: Outcome | null = null;
  /** Whether the file was found changed, or could not be read. */
  #isFileInDoubt = false;
  #receipt: string | null = null;
  #error: UploadError | null = null;
  #snapshot: UploadSnapshot | null = null;

  constructor(host: UploadHost, facts: UploadFacts, owner: Owner, source: { file: File } | { record: JournalRecord }) {
    this.#host = host;
    this.facts = facts;
    this.owner = owner;
    this.recordId = facts.id;
    const record = 'record' in source ? source.record : null;
    this.file = 'file' in source ? source.file : null;
    this.fingerprint = record?.fingerprint ?? null;
    this.recovered = record !== null;
    this.principal = record?.principal;
    this.createdAt = record?.createdAt ?? host.clock.now();
    if (!record) return;
    this.objectKey = record.objectKey;
    this.#status = record.aborting ? 'aborted' : 'needs-file';
    this.adopt(record);
  }

  #prepare(): { retrier: RetryLoop; transfer: Transfer; detours: RestartResolver } {
    const host = this.#host;
    const retrier: RetryLoop = new RetryLoop({
      clock: host.clock,
      fileName: this.facts.name,
      maxRetries: () => host.options.maxRetries,
      reachability: (url) => host.reachability(url),
      isReadable: (method, url) => host.isReadable(method, url),
      isSignerKnown: () => host.isSignerKnown(),
      signerFailed: () => host.signerHealth.failed(this.id),
      signerRecovered: () => host.signerHealth.recovered(this.id),
      hasSigned: () => host.hasSigned(),
      serverTime: () => host.serverTime(),
      hasSpareConnection: () => host.scheduler.hasSpareConnection,
      slowDown: () => host.scheduler.recordCongestion(),
      holdBack: (delay) => host.scheduler.hold(delay),
      lineCut: () => transfer.lineCut(),
      checkFile: () => assertReadable(this.file!, this.facts.name),
      dropSignatures: (partNumber) => transfer.dropSignatures(partNumber),
      renewGrant: (signal) => transfer.renewGrant(signal),
      announce: (retry) => this.#announce(retry),
      complain: (error) => {
        this.#error = error;
        this.#changed();
        host.emit('mule-error', { upload: this.snapshot, error });
      },
      changed: () => {
        this.#refresh();
        transfer.fillLanes();
      },
    });
    const transfer: Transfer = new Transfer(this.#transferHost(), retrier);
    return { retrier, transfer, detours: new RestartResolver(this.#detoursHost(retrier, transfer)) };
  }

  /** Where it goes, or went; null where nobody has asked yet. */
  get #place(): { readonly session: Session | null; readonly location: string | null } | null {
    return this.#runtime?.transfer ?? this.#finalLocation;
  }

  get #transfer(): Transfer {
    return (this.#runtime ??= this.#prepare()).transfer;
  }

  get #retrier(): RetryLoop {
    return (this.#runtime ??= this.#prepare()).retrier;
  }

  get id(): string {
    return this.facts.id;
  }

  get status(): UploadStatus {
    return this.#status;
  }

  get snapshot(): UploadSnapshot {
    return (this.#snapshot ??= this.#takeSnapshot());
  }

  /** Where it goes, and how; null until the signer has said so. */
  get session(): Session | null {
    return this.#place?.session ?? null;
  }

  /** What tabs that wait for it are told. */
  get progressReport(): RemoteProgress {
    const { status, loaded, speed, eta, parts, key, uploadId, etag, location, receipt } = this.snapshot;
    const { checksum, integrity } = this.snapshot;
    const resumption = resumptionOf(this.session, this.recordId);
    return {
      ...{ status, loaded, speed, eta, parts, key, uploadId, etag, location, checksum, integrity, receipt },
      resumption,
    };
  }

  /** What each part is at; null where that is not known yet, or to another tab only. */
  get partStates(): Uint8Array | null {
    const { table } = this.session ?? {};
    return table && !this.#remoteProgress ? partStates(table) : null;
  }

  /** Takes up what the journal, or another tab, knows of it. */
  adopt(record: Resumption): void {
    this.recordId = record.id;
    const session = restoreSession(record);
    if (session || this.session) this.#transfer.adopt(session);
    this.#changed();
  }

  /** Takes in how far it is; called some times a second. */
  tick(): void {
    const { table } = this.session ?? {};
    if (table) this.#loaded = Math.min(this.facts.size, Math.max(this.#loaded, table.loaded));
    const { clock } = this.#host;
    this.#meter.sample(this.#loaded, clock.monotonic());
    this.#snapshot = null;
    this.#cancelDecay?.();
    // a speed is seen to decay though nothing else changes
    this.#cancelDecay = this.snapshot.speed > 0 ? clock.setTimer(() => this.#show(), DECAY_STEP_MS) : null;
  }

  /** Sets a queued upload going. */
  begin(): void {
    if (this.#status !== 'queued' || this.#isReleased) return;
    this.#error = null;
    this.#step = 'starting';
    this.#transition('starting');
    this.#host.emit(this.#hasStarted ? 'mule-resume' : 'mule-start', { upload: this.snapshot });
    this.#hasStarted = true;
    this.#go();
  }

  /** Sends nothing while the page is away, and lets other tabs have it. */
  suspend(): void {
    if (!this.#run) return;
    this.#runtime?.transfer.notices?.flush();
    this.#stop();
  }

  /** Goes on when the page is back: asks for its file's lock, then for the list of its parts. */
  revive(): void {
    if (isRunning(this.#status) && !this.#run) this.#go();
  }

  /** Shows how far the tab is that has it. */
  showRemoteProgress(news: RemoteProgress): void {
    this.#remoteProgress = news;
    // it may end there while this page is not looking
    this.wasShared = true;
    this.#loaded = Math.max(this.#loaded, Math.min(news.loaded, this.facts.size));
    this.#changed();
  }

  /** What it takes to go on from where another tab has got, by its own word. */
  get resumption(): Resumption | null {
    return this.#remoteProgress?.resumption ?? null;
  }

  /** Takes over from another tab. @param known where that stopped; null where nobody can tell */
  takeOver(known: Resumption | null): void {
    this.wasShared = true;
    if (known && known.uploadId !== this.session?.uploadId) this.adopt(known);
    this.#transfer.invalidateParts();
  }

  /** Sends nothing more, and keeps what is stored. */
  pause(): void {
    if (this.#status !== 'queued' && !isRunning(this.#status)) return;
    this.#stop();
    this.#transition('paused');
    this.#runtime?.transfer.notices?.flush();
    this.#host.emit('mule-pause', { upload: this.snapshot });
  }

  /**
   * Whether it failed because its file has changed, or is gone, which WebKit says of both: what has become of it may be
   * sent instead.
   */
  get takesChangedFile(): boolean {
    return this.#status === 'failed' && this.#isFileInDoubt;
  }

  /** Puts it back in the queue. */
  enqueue(): void {
    if (this.#isReleased) return;
    if (this.#status === 'paused' || this.#status === 'failed' || this.#status === 'needs-file') {
      this.#error = null;
      this.#transition(this.file ? 'queued' : 'needs-file');
    } else this.retryNow(true);
  }

  /** Keeps what was found with its file until somebody lets it go on. */
  hold(): void {
    this.#transition('paused');
  }

  /** Takes in where the file lies, for whose reading leave is to be asked. */
  setHandle(handle: FileHandle): void {
    this.handle = handle;
    this.#show();
  }

  /** Takes in that the file is not to be had from where it lies, or says why it is not what was begun. */
  setFileMissing(error: UploadError | null = null): void {
    this.handle = null;
    this.#error = error;
    this.#show();
    if (error) this.#host.emit('mule-error', { upload: this.snapshot, error });
  }

  /** Asks the store, once, how far that is which was found from an earlier visit; what cannot be told stays unknown. */
  async refreshParts(): Promise<void> {
    const isIdle = (): boolean => this.snapshot.found;
    if (!isIdle()) return;
    await this.#transfer.refreshParts(isIdle, this.#host.lifetime).catch(() => {});
    if (isIdle()) this.tick();
    this.#changed();
  }

  /** Fails what has not begun, on the page's word. */
  refuse(error: unknown): void {
    if (isOver(this.#status)) return;
    this.#stop();
    this.#fail(
      new UploadError('signer-refused', `“${this.facts.name}” was held back by the page: ${reasonOf(error)}.`, {
        phase: 'init',
        cause: error,
      }),
    );
  }

  /** Ends waits early: those for network and signer, or, on the user's word, all. */
  retryNow(all: boolean): void {
    this.#runtime?.retrier.retryNow(all);
  }

  /** Says that the page may know by now who the user is. */
  authorize(): void {
    this.#runtime?.retrier.authorize();
  }

  /** Waits for what is not this upload's own doing, and shows it. */
  waitFor<T>(waitingFor: WaitingFor, work: Promise<T>): Promise<T> {
    return this.#retrier.waitFor(waitingFor, null, work);
  }

  /** Ends it, here at once, and on the store as soon as that can be reached. */
  abort(): void {
    if (this.#status === 'complete' || this.#status === 'aborted') return;
    const isHeld = this.#isHeld;
    this.#stop();
    this.#transition('aborted');
    this.#host.emit('mule-abort', { upload: this.snapshot });
    void this.abandon(isHeld);
  }

  /** Aborts the multipart upload on the store, so that no part is left to be paid for. */
  async abandon(isHeld = false): Promise<void> {
    try {
      await this.#ended;
      // what another tab is at work on is not ours to end
      if (!isHeld && (this.#remoteProgress || this.session) && (await this.#host.isElsewhere(this))) return;
      await this.#runtime?.transfer.abort(this.#host.lifetime);
      await this.#host.forget(this);
    } catch {
      // The journal still has it, marked as aborting: the next visit tries again. Else the bucket's lifecycle rule does.
    }
  }

  /** Stops all it does, without a word; for when the uploader ends. */
  dispose(): void {
    this.#stop();
  }

  /** Whether its owner is gone from this page: it sends nothing and writes nothing any more. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Stops it for good in this page, because its owner is gone. The journal keeps it for that owner. */
  release(): void {
    this.#isReleased = true;
    this.#stop();
    if (isOver(this.#status) || this.#status === 'paused' || this.#status === 'needs-file') return;
    this.#transition('paused');
    this.#host.emit('mule-pause', { upload: this.snapshot });
  }

  #stop(): void {
    this.#runtime?.transfer.invalidateParts();
    this.wasShared ||= this.#isHeld && Boolean(this.session?.uploadId);
    this.#isHeld = false;
    this.#run?.abort(new DOMException('The upload was stopped', 'AbortError'));
    this.#run = null;
    this.#meter.reset();
    this.#cancelDecay?.();
  }

  #fail(error: unknown, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    const { name } = this.facts;
    this.#error =
      error instanceof UploadError
        ? error
        : new UploadError('invalid-response', `“${name}”: ${reasonOf(error)}.`, {
            cause: error,
          });
    this.#isFileInDoubt ||= this.#error.code === 'file-changed' || this.#error.code === 'file-unreadable';
    this.#stop();
    this.#transition('failed');
    this.#host.emit('mule-error', { upload: this.snapshot, error: this.#error });
  }

  // ---- Life ----

  #go(): void {
    this.#run = new AbortController();
    const { signal } = this.#run;
    this.#ended = this.#live(signal).catch((error: unknown) => this.#fail(error, signal));
  }

  async #live(signal: AbortSignal): Promise<void> {
    this.#setStep('starting');
    if (this.#isFileInDoubt) await this.#lookAtFile();
    const claim = await this.#host.claim(this, signal);
    if ('ended' in claim) {
      this.#endAs(claim.ended);
      return;
    }
    // what pause and abort leave behind must not keep the file from other tabs
    signal.addEventListener('abort', claim.release, { once: true });
    if (signal.aborted) claim.release();
    signal.throwIfAborted();
    this.#isHeld = true;
    this.#remoteProgress = null;
    // an upload that was paused after all was stored has only the last word to say
    for (let detour: RestartRequired | null = null; this.#stored === null;) {
      try {
        this.#stored = detour
          ? await this.#runtime!.detours.resolve(detour, this.#phase, signal)
          : await this.#transferAll(signal);
        detour = null;
      } catch (error) {
        if (!(error instanceof RestartRequired)) throw error;
        detour = error;
      }
    }
    this.#setStep('finishing');
    this.#receipt = (await this.#transfer.notices?.complete(signal)) ?? null;
    await this.#host.forget(this);
    signal.throwIfAborted();
    this.#finish();
  }

  /** Ends as it has ended in the tab that had it. */
  #endAs(told: RemoteProgress): void {
    this.#remoteProgress = told;
    if (told.status === 'complete') {
      const { etag, checksum, integrity } = told;
      this.#stored = { etag: etag ?? '', checksum, integrity: integrity ?? 'unverified' };
      this.#receipt = told.receipt;
      this.#finish();
      return;
    }
    this.#stop();
    this.#transition('aborted');
    this.#host.emit('mule-abort', { upload: this.snapshot });
  }

  #finish(): void {
    this.#stop();
    const { transfer } = this.#runtime ?? {};
    this.#finalLocation = transfer ? { session: transfer.session, location: transfer.location } : null;
    this.#runtime = null;
    this.#loaded = this.facts.size;
    this.#error = null;
    this.#transition('complete');
    const upload = this.snapshot;
    const { location, size, checksum, integrity, receipt } = upload;
    this.#host.emit('mule-complete', {
      upload,
      key: upload.key!,
      etag: upload.etag,
      location,
      size,
      checksum,
      integrity: integrity!,
      receipt,
    });
  }

  /** One way through all the steps that are left. */
  async #transferAll(signal: AbortSignal): Promise<Outcome> {
    this.#setStep('starting');
    const way = await this.#transfer.open(signal);
    this.#setStep('uploading');
    if (way === 'whole') {
      const outcome = await this.#transfer.sendWhole(signal);
      await this.#checkContent();
      return outcome;
    }
    await this.#transfer.sendParts(signal);
    this.#setStep('finishing');
    await this.#checkContent();
    return this.#transfer.complete(signal);
  }

  // ---- What the transfer asks of it ----

  #transferHost(): TransferHost {
    const { clock, scheduler, store, smallFiles, line, lifetime, checksumDesk } = this.#host;
    const upload = (): Upload => this;
    return {
      id: this.id,
      clock,
      scheduler,
      store,
      smallFiles,
      line,
      lifetime,
      checksumDesk,
      get name() {
        return upload().facts.name;
      },
      get checksum() {
        return upload().checksum;
      },
      set checksum(checksum) {
        upload().checksum = checksum;
      },
      get size() {
        return upload().facts.size;
      },
      get file() {
        return upload().file;
      },
      get isTouched() {
        const { file, facts } = upload();
        return file !== null && file.lastModified !== facts.lastModified;
      },
      get wasShared() {
        return upload().wasShared || upload().recovered;
      },
      get options() {
        return upload().#host.options;
      },
      makeSignatures: () => this.#host.makeSignatures(this),
      makeNotices: (session) => this.#host.makeNotices(session),
      init: () => this.#host.init(this),
      remember: () => this.#host.remember(this),
      laneChanged: () => this.#refresh(),
      changed: () => this.#host.changed(this),
      opened: (isKnown) => {
        this.wantsFresh = false;
        this.#error = null;
        this.recovered ||= isKnown;
        this.#changed();
      },
      announce: (retry) => this.#announce(retry),
      partStored: (detail) => {
        // what was complained of is over
        this.#error = null;
        this.#changed();
        this.#host.emit('mule-part', { upload: this.snapshot, ...detail });
      },
    };
  }

  #detoursHost(retrier: RetryLoop, transfer: Transfer): DetoursHost {
    const upload = (): Upload => this;
    return {
      clock: this.#host.clock,
      retrier,
      transfer,
      get name() {
        return upload().facts.name;
      },
      get size() {
        return upload().facts.size;
      },
      get key() {
        return upload().snapshot.key;
      },
      announce: (retry) => this.#announce(retry),
      beginAfresh: (partSize) => {
        this.wantsFresh = true;
        this.partSizeWish = partSize ?? this.partSizeWish;
      },
    };
  }

  // ---- Help ----

  /** What a failure interrupts. */
  get #phase(): Phase {
    return this.#step === 'finishing' ? 'complete' : 'part';
  }

  async #checkContent(): Promise<void> {
    // what was read all at one time is no mixture
    if (!this.session?.uploadId && isSmall(this.file!)) return;
    if (this.fingerprint) await assertUnchanged(this.file!, this.facts.name, this.fingerprint);
  }

  /** After a file was found changed: goes on where it is what it was, and sends afresh what it has become. */
  async #lookAtFile(): Promise<void> {
    // a File that has changed cannot be read for ever, but what its handle gives can
    const file = (this.file = (await this.handle?.getFile().catch(() => null)) ?? this.file!);
    await assertReadable(file, this.facts.name);
    const print = await fingerprint(file);
    const { name, size, type, lastModified } = file;
    this.#isFileInDoubt = false;
    // samples alone would overlook a change between them
    if (print === this.fingerprint && lastModified === this.facts.lastModified) return;
    this.#transfer.startOver(true);
    await this.#host.forget(this);
    this.facts = { ...this.facts, name, size, type, lastModified };
    this.fingerprint = print;
    this.checksum = null;
    this.createdAt = this.#host.clock.now();
    this.recovered = false;
    this.wantsFresh = true;
    this.#loaded = 0;
    this.#runtime?.detours.reset();
    this.#changed();
  }

  #announce(retry: Omit<UploaderEventMap['mule-retry']['detail'], 'upload'>): void {
    this.#retries++;
    this.#changed();
    this.#host.emit('mule-retry', { upload: this.snapshot, ...retry });
  }

  #setStep(step: 'starting' | 'uploading' | 'finishing'): void {
    this.#step = step;
    this.#refresh();
  }

  /** Shows what it does, or, where nothing is under way, what it waits for. */
  #refresh(): void {
    if (!isRunning(this.#status) || !this.#run) return;
    const wait = this.#wait;
    if (!wait && this.#status !== 'waiting' && this.#status === this.#step) return;
    if (wait) this.#meter.reset();
    this.#changed();
    this.#transition(wait ? 'waiting' : this.#step);
  }

  #transition(next: UploadStatus): void {
    const previous = this.#status;
    if (previous === next) return;
    assertStep(previous, next);
    this.#status = next;
    this.#changed();
    this.#host.emit('mule-status', { upload: this.snapshot, previous });
  }

  /** Has a progress event sent though nothing moved: what waits for its file shows something new. */
  #show(): void {
    this.reported = null;
    this.#changed();
  }

  #changed(): void {
    this.#snapshot = null;
    this.#host.changed(this);
  }

  /** What ends first of all that is waited for, where nothing is under way. */
  get #wait(): Wait | null {
    const { clock, scheduler } = this.#host;
    const held = scheduler.heldFor(this.id);
    if (held) return { for: 'store', until: clock.now() + held };
    const retrier = this.#runtime?.retrier;
    return !retrier || retrier.isBusy ? null : retrier.wait;
  }

  #waiting(): { for: WaitingFor | null; until: number | null } {
    if (this.#status === 'needs-file') return { for: 'file', until: null };
    return (this.#status === 'waiting' && this.#wait) || { for: null, until: null };
  }

  #takeSnapshot(): UploadSnapshot {
    return snapshotOf({
      facts: this.facts,
      status: this.#status,
      wait: this.#waiting(),
      loaded: this.#loaded,
      speed: this.#status === 'uploading' ? this.#meter.speed(this.#host.clock.monotonic()) : 0,
      session: this.session,
      location: this.#place?.location ?? null,
      told: this.#remoteProgress,
      stored: this.#stored,
      receipt: this.#receipt,
      retries: this.#retries,
      error: this.#error,
      recovered: this.recovered,
      hasStarted: this.#hasStarted,
      hasHandle: this.handle !== null,
    });
  }
}
