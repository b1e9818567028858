import { sleep } from './clock.js';
import { reasonOf, UploadError } from './errors.js';
import type { Notices } from './notices.js';
import type { ResolvedOptions } from './options.js';
import type { Reachability } from './reachability.js';
import { Detour, Retrier } from './retrier.js';
import { backoff } from './retry.js';
import type { Scheduler } from './scheduler.js';
import { sessionOf } from './session.js';
import type { InitReply, Session } from './session.js';
import type { Signatures } from './signatures.js';
import { SpeedMeter } from './speed-meter.js';
import { assertStep, isOver, isRunning } from './status.js';
import type { StoreClient } from './store-client.js';
import { Transfer } from './transfer.js';
import type {
  Clock,
  JournalRecord,
  PartDetail,
  UploadSnapshot,
  UploadStatus,
  UploaderEventMap,
  WaitingFor,
} from './types.js';

/** Times that the store's list may contradict us before another upload is begun. */
const MOST_RELISTS = 3;

/** What identifies one upload. */
export interface UploadFacts {
  id: string;
  name: string;
  size: number;
  type: string;
  lastModified: number;
  relativePath: string;
}

/** What an uploader lends to each of its uploads. */
export interface UploadHost {
  readonly clock: Clock;
  readonly options: Readonly<ResolvedOptions>;
  readonly scheduler: Scheduler;
  readonly store: StoreClient;
  /** Lives as long as the uploader: for what must end well even when the upload is paused or aborted. */
  readonly lifetime: AbortSignal;
  makeSignatures(): Signatures;
  makeNotices(session: Session): Notices | null;
  reachability(url: string): Reachability;
  isReadable(method: string, url: string): boolean;
  isSignerKnown(): boolean;
  /** Asks for this upload's init signature, tried once. */
  init(upload: Upload): Promise<InitReply>;
  /** Waits until no other tab has this upload. */
  claim(upload: Upload, signal: AbortSignal): Promise<() => void>;
  /** Writes the upload to the journal, or takes it out. */
  remember(upload: Upload): Promise<void>;
  forget(upload: Upload): Promise<void>;
  emit<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): void;
  /** Called on every change that a snapshot shows. */
  changed(upload: Upload): void;
}

/** One file's life, from the queue to the bucket: the one state machine, and what to do on each failure. */
export class Upload {
  readonly facts: UploadFacts;
  file: File | null;
  fingerprint: string | null;
  recovered: boolean;
  /** What the page filled in for the signer. */
  params: Record<string, unknown> = {};
  /** Wish for the object's key. */
  objectKey = '';
  /** Under which the journal has it. */
  recordId: string;
  /** Bytes that the last progress event told. */
  reported = 0;
  createdAt: number;
  /** Asks init for a fresh start: what there was cannot be gone on with. */
  wantsFresh = false;

  readonly #host: UploadHost;
  readonly #retrier: Retrier;
  readonly #transfer: Transfer;
  readonly #meter = new SpeedMeter();
  #status: UploadStatus = 'queued';
  /** What the status is while nothing is waited for. */
  #step: 'starting' | 'uploading' | 'finishing' = 'starting';
  #run: AbortController | null = null;
  #ended: Promise<void> = Promise.resolve();
  #hasStarted = false;
  #loaded = 0;
  #retries = 0;
  #relists = 0;
  #restarts = 0;
  #etag: string | null = null;
  #receipt: string | null = null;
  #error: UploadError | null = null;
  #snapshot: UploadSnapshot | null = null;

  constructor(host: UploadHost, facts: UploadFacts, source: { file: File } | { record: JournalRecord }) {
    this.#host = host;
    this.facts = facts;
    this.recordId = facts.id;
    this.#retrier = new Retrier({
      clock: host.clock,
      fileName: facts.name,
      maxRetries: () => host.options.maxRetries,
      reachability: (url) => host.reachability(url),
      isReadable: (method, url) => host.isReadable(method, url),
      isSignerKnown: () => host.isSignerKnown(),
      slowDown: () => host.scheduler.slowDown(),
      checkFile: () => this.#checkFile(),
      dropSignatures: (partNumber) => this.#transfer.dropSignatures(partNumber),
      renewGrant: (signal) => this.#transfer.renewGrant(signal),
      announce: (retry) => this.#announce(retry),
      complain: (error) => {
        this.#error = error;
        this.#touch();
        host.emit('mule-error', { upload: this.snapshot, error });
      },
      changed: () => {
        this.#refresh();
        this.#transfer.pump();
      },
    });
    this.#transfer = new Transfer(host, this, this.#retrier);
    const record = 'record' in source ? source.record : null;
    this.file = 'file' in source ? source.file : null;
    this.fingerprint = record?.fingerprint ?? null;
    this.recovered = record !== null;
    this.createdAt = record?.createdAt ?? host.clock.now();
    if (!record) return;
    this.#status = record.aborting ? 'aborted' : 'needs-file';
    this.adopt(record);
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
    return this.#transfer.session;
  }

  /** Takes up what the journal knows of it. */
  adopt(record: JournalRecord): void {
    this.recordId = record.id;
    this.#transfer.adopt(sessionOf(record));
    this.#touch();
  }

  /** Takes in how far it is; called some times a second. */
  tick(): void {
    const { table } = this.session ?? {};
    if (table) this.#loaded = Math.min(this.facts.size, Math.max(this.#loaded, table.loaded));
    this.#meter.sample(this.#loaded, this.#host.clock.monotonic());
    this.#snapshot = null;
  }

  /** Sets a queued upload going. */
  begin(): void {
    if (this.#status !== 'queued') return;
    this.#error = null;
    this.#step = 'starting';
    this.#transition('starting');
    this.#host.emit(this.#hasStarted ? 'mule-resume' : 'mule-start', { upload: this.snapshot });
    this.#hasStarted = true;
    this.#run = new AbortController();
    const { signal } = this.#run;
    this.#ended = this.#live(signal).catch((error: unknown) => this.#fail(error, signal));
  }

  /** Sends nothing more, and keeps what is stored. */
  pause(): void {
    if (this.#status !== 'queued' && !isRunning(this.#status)) return;
    this.#stop();
    this.#transition('paused');
    this.#transfer.notices?.flush();
    this.#host.emit('mule-pause', { upload: this.snapshot });
  }

  /** Puts it back in the queue. */
  enqueue(): void {
    if (this.#status === 'paused' || this.#status === 'failed' || this.#status === 'needs-file') {
      this.#error = null;
      this.#transition(this.file ? 'queued' : 'needs-file');
    } else this.nudge(true);
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
  nudge(all: boolean): void {
    this.#retrier.nudge(all);
  }

  /** Says that the page may know by now who the user is. */
  authorize(): void {
    this.#retrier.authorize();
  }

  /** Waits for what is not this upload's own doing, and shows it. */
  waitFor<T>(waitingFor: WaitingFor, work: Promise<T>): Promise<T> {
    return this.#retrier.park(waitingFor, null, work);
  }

  /** Ends it, here at once, and on the store as soon as that can be reached. */
  abort(): void {
    if (this.#status === 'complete' || this.#status === 'aborted') return;
    this.#stop();
    this.#transition('aborted');
    this.#host.emit('mule-abort', { upload: this.snapshot });
    void this.abandon();
  }

  /** Aborts the multipart upload on the store, so that no part is left to be paid for. */
  async abandon(): Promise<void> {
    try {
      await this.#ended;
      await this.#transfer.abort(this.#host.lifetime);
      await this.#host.forget(this);
    } catch {
      // The journal still has it, marked as aborting: the next visit tries again. Else the bucket's lifecycle rule does.
    }
  }

  /** Takes in that the signer has said where to; `isKnown`: it knew this file from an earlier visit. */
  opened(isKnown: boolean): void {
    this.wantsFresh = false;
    this.#error = null;
    this.recovered ||= isKnown;
    this.#touch();
  }

  /** Takes in that a part is stored. */
  partStored(detail: Omit<PartDetail, 'upload'>): void {
    // what was complained of is over
    this.#error = null;
    this.#touch();
    this.#host.emit('mule-part', { upload: this.snapshot, ...detail });
  }

  /** Stops all it does, without a word; for when the uploader ends. */
  dispose(): void {
    this.#stop();
  }

  #stop(): void {
    this.#transfer.doubt();
    this.#run?.abort(new DOMException('The upload was stopped', 'AbortError'));
    this.#run = null;
    this.#meter.reset();
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
    this.#stop();
    this.#transition('failed');
    this.#host.emit('mule-error', { upload: this.snapshot, error: this.#error });
  }

  // ---- Life ----

  async #live(signal: AbortSignal): Promise<void> {
    const release = await this.#host.claim(this, signal);
    // what pause and abort leave behind must not keep the file from other tabs
    signal.addEventListener('abort', release, { once: true });
    if (signal.aborted) release();
    let etag: string | null = null;
    while (etag === null) {
      try {
        etag = await this.#goOn(signal);
      } catch (error) {
        if (!(error instanceof Detour)) throw error;
        etag = await this.#takeDetour(error, signal);
      }
    }
    this.#setStep('finishing');
    this.#etag = etag || null;
    this.#receipt = (await this.#transfer.notices?.complete(signal)) ?? null;
    await this.#host.forget(this);
    signal.throwIfAborted();
    this.#stop();
    this.#loaded = this.facts.size;
    this.#error = null;
    this.#transition('complete');
    const upload = this.snapshot;
    const { location, size, checksum, receipt } = upload;
    this.#host.emit('mule-complete', {
      upload,
      key: upload.key!,
      etag: upload.etag,
      location,
      size,
      checksum,
      receipt,
    });
  }

  /** One way through all the steps that are left. @returns the object's ETag; empty where the store tells none */
  async #goOn(signal: AbortSignal): Promise<string> {
    this.#setStep('starting');
    const way = await this.#transfer.open(signal);
    this.#setStep('uploading');
    if (way === 'whole') return this.#transfer.sendWhole(signal);
    await this.#transfer.sendParts(signal);
    this.#setStep('finishing');
    await this.#checkFile();
    return this.#transfer.complete(signal);
  }

  /** What the failed step called for. @returns the ETag where the object turned out to stand in the bucket */
  async #takeDetour(detour: Detour, signal: AbortSignal): Promise<string | null> {
    const phase = this.#step === 'finishing' ? 'complete' : 'part';
    if (detour.to === 'relist' && ++this.#relists <= MOST_RELISTS) {
      this.#transfer.doubt();
      return null;
    }
    if (detour.to === 'gone' || detour.to === 'exists') {
      const etag = await this.#transfer.findObject(detour.to, signal);
      if (etag !== null) return etag;
    }
    if (detour.to === 'exists') {
      const { key } = this.snapshot;
      throw new UploadError(
        'key-exists',
        `“${this.facts.name}”: another object stands under “${key}”; upload under another key.`,
        { status: 412, phase },
      );
    }
    this.#transfer.reset();
    this.wantsFresh = true;
    this.#relists = 0;
    const { clock } = this.#host;
    const delay = backoff(++this.#restarts, clock.random());
    this.#announce({
      phase,
      partNumber: null,
      attempt: this.#restarts,
      delay,
      reason: `${detour.message}: beginning afresh`,
    });
    await this.#retrier.park('store', clock.now() + delay, sleep(clock, delay, signal));
    return null;
  }

  // ---- Help ----

  /** Reads one byte: a file that was changed or taken away fails just like a bad line. */
  async #checkFile(): Promise<void> {
    const { name } = this.facts;
    try {
      await this.file?.slice(0, 1).arrayBuffer();
    } catch (cause) {
      const isGone = (cause as DOMException).name === 'NotFoundError';
      throw new UploadError(
        isGone ? 'file-unreadable' : 'file-changed',
        isGone
          ? `“${name}” is gone: put it back, then choose it again.`
          : `“${name}” has changed, or cannot be read: choose it again.`,
        { phase: 'part', cause },
      );
    }
  }

  #announce(retry: Omit<UploaderEventMap['mule-retry']['detail'], 'upload'>): void {
    this.#retries++;
    this.#touch();
    this.#host.emit('mule-retry', { upload: this.snapshot, ...retry });
  }

  #setStep(step: 'starting' | 'uploading' | 'finishing'): void {
    this.#step = step;
    this.#refresh();
  }

  /** Shows what it does, or, where nothing is under way, what it waits for. */
  #refresh(): void {
    if (!isRunning(this.#status) || !this.#run) return;
    const wait = this.#retrier.isBusy ? null : this.#retrier.wait;
    if (!wait && this.#status !== 'waiting' && this.#status === this.#step) return;
    if (wait) this.#meter.reset();
    this.#touch();
    this.#transition(wait ? 'waiting' : this.#step);
  }

  #transition(next: UploadStatus): void {
    const previous = this.#status;
    if (previous === next) return;
    assertStep(previous, next);
    this.#status = next;
    this.#touch();
    this.#host.emit('mule-status', { upload: this.snapshot, previous });
  }

  #touch(): void {
    this.#snapshot = null;
    this.#host.changed(this);
  }

  #waiting(): { for: WaitingFor | null; until: number | null } {
    if (this.#status === 'needs-file') return { for: 'file', until: null };
    return (this.#status === 'waiting' && this.#retrier.wait) || { for: null, until: null };
  }

  #takeSnapshot(): UploadSnapshot {
    const { size } = this.facts;
    const { session } = this;
    const { table } = session ?? {};
    const wait = this.#waiting();
    const isMoving = this.#status === 'uploading';
    const speed = isMoving ? this.#meter.speed : 0;
    const loaded = this.#status === 'complete' ? size : this.#loaded;
    return Object.freeze({
      ...this.facts,
      status: this.#status,
      waitingFor: wait.for,
      loaded,
      ratio: size ? loaded / size : Number(this.#status === 'complete'),
      speed,
      eta: speed > 0 ? (size - loaded) / speed : null,
      parts: Object.freeze({ total: table?.plan.count ?? 0, done: table?.done ?? 0, size: table?.plan.partSize ?? 0 }),
      retries: this.#retries,
      retryAt: wait.until,
      key: session?.key ?? null,
      uploadId: session?.uploadId ?? null,
      etag: this.#etag,
      location: this.#transfer.location,
      checksum: null,
      receipt: this.#receipt,
      error: this.#error,
      recovered: this.recovered,
      needsFile: this.#status === 'needs-file',
    });
  }
}
