import { StoreFault, UploadError } from './errors.js';
import type { Notices } from './notices.js';
import type { ResolvedOptions } from './options.js';
import type { Reachability } from './reachability.js';
import { abortable, Detour, Retrier } from './retrier.js';
import type { Trial } from './retrier.js';
import { backoff } from './retry.js';
import type { StoredPart } from './s3.js';
import type { Scheduler } from './scheduler.js';
import { readInit, sessionOf, signedUploadOf } from './session.js';
import type { InitReply, Opening, Session } from './session.js';
import { isFresh } from './signatures.js';
import type { Signature, Signatures } from './signatures.js';
import { SpeedMeter } from './speed-meter.js';
import { assertStep, isOver, isRunning } from './status.js';
import type { Patience, StoreClient, StoredObject } from './store-client.js';
import type { Clock, JournalRecord, UploadSnapshot, UploadStatus, UploaderEventMap, WaitingFor } from './types.js';

/** Parts made ready, signed and waiting for a lane, beyond those in flight. */
const AHEAD = 2;
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
  session: Session | null = null;
  /** Under which the journal has it. */
  recordId: string;
  /** Bytes that the last progress event told. */
  reported = 0;
  createdAt: number;
  /** Asks init for a fresh start: what there was cannot be gone on with. */
  wantsFresh = false;

  readonly #host: UploadHost;
  readonly #retrier: Retrier;
  readonly #meter = new SpeedMeter();
  #signatures: Signatures;
  #notices: Notices | null = null;
  #opening: Opening | null = null;
  #isOpeningOld = false;
  #status: UploadStatus = 'queued';
  /** What the status is while nothing is waited for. */
  #step: 'starting' | 'uploading' | 'finishing' = 'starting';
  #run: AbortController | null = null;
  #ended: Promise<void> = Promise.resolve();
  /** A create whose answer is not lost when the upload is paused or aborted meanwhile. */
  #creating: Promise<void> | null = null;
  #renewing: Promise<void> | null = null;
  #pump: (() => void) | null = null;
  #hasStarted = false;
  /** Whether a Complete, or a whole file, has been sent whose answer may have been lost. */
  #hasSentAll = false;
  #loaded = 0;
  #retries = 0;
  #relists = 0;
  #restarts = 0;
  #etag: string | null = null;
  #location: string | null = null;
  #receipt: string | null = null;
  #error: UploadError | null = null;
  #snapshot: UploadSnapshot | null = null;

  constructor(host: UploadHost, facts: UploadFacts, source: { file: File } | { record: JournalRecord }) {
    this.#host = host;
    this.facts = facts;
    this.recordId = facts.id;
    this.#signatures = host.makeSignatures();
    this.#retrier = new Retrier({
      clock: host.clock,
      fileName: facts.name,
      maxRetries: () => host.options.maxRetries,
      reachability: url => host.reachability(url),
      isReadable: (method, url) => host.isReadable(method, url),
      slowDown: () => host.scheduler.slowDown(),
      checkFile: () => this.#checkFile(),
      dropSignatures: partNumber => this.#dropSignatures(partNumber),
      renewGrant: signal => this.#renewGrant(signal),
      announce: retry => {
        this.#retries++;
        this.#touch();
        host.emit('mule-retry', { upload: this.snapshot, ...retry });
      },
      complain: error => {
        this.#error = error;
        this.#touch();
        host.emit('mule-error', { upload: this.snapshot, error });
      },
      changed: () => {
        this.#refresh();
        this.#pump?.();
      },
    });
    if ('file' in source) {
      this.file = source.file;
      this.fingerprint = null;
      this.recovered = false;
      this.createdAt = host.clock.now();
    } else {
      this.file = null;
      this.fingerprint = source.record.fingerprint;
      this.recovered = true;
      this.createdAt = source.record.createdAt;
      this.#status = source.record.aborting ? 'aborted' : 'needs-file';
      this.adopt(source.record);
    }
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

  /** Bytes per second. */
  get speed(): number {
    return this.#meter.speed;
  }

  /** Takes up what the journal knows of it. */
  adopt(record: JournalRecord): void {
    this.recordId = record.id;
    this.session = sessionOf(record);
    if (this.session) this.#follow(this.session);
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
    this.#notices?.flush();
    this.#host.emit('mule-pause', { upload: this.snapshot });
  }

  /** Puts it back in the queue, with its file if that was missing. */
  enqueue(file?: File): void {
    if (file) this.file = file;
    if (this.#status === 'paused' || this.#status === 'failed' || this.#status === 'needs-file') {
      this.#error = null;
      this.#transition(this.file ? 'queued' : 'needs-file');
    } else this.nudge(true);
  }

  /** Fails what has not begun, on the page's word. */
  refuse(error: unknown): void {
    if (isOver(this.#status)) return;
    this.#stop();
    this.#fail(new UploadError('signer-refused', `“${this.facts.name}”: the page held it back: ${error instanceof Error ? error.message : String(error)}.`, { phase: 'init', cause: error }));
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
    const { lifetime } = this.#host;
    try {
      await this.#ended;
      await this.#creating?.catch(() => {});
      if (this.session?.uploadId && this.#signatures.offers('delete', signedUploadOf(this.session))) {
        await this.#host.remember(this);
        await this.#abortOnStore(this.session, lifetime);
        this.#notices?.aborted();
      }
      await this.#host.forget(this);
    } catch {
      // The journal still has it, marked as aborting: the next visit tries again. Else the bucket's lifecycle rule does.
    }
  }

  /** Stops all it does, without a word; for when the uploader ends. */
  dispose(): void {
    this.#stop();
  }

  #stop(): void {
    // what was in flight may land all the same: the store knows
    if (this.session?.uploadId) this.session.needsList = true;
    this.#run?.abort(new DOMException('The upload was stopped', 'AbortError'));
    this.#run = null;
    this.#meter.reset();
  }

  #fail(error: unknown, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    const { name } = this.facts;
    this.#error = error instanceof UploadError ? error
      : new UploadError('invalid-response', `“${name}”: ${error instanceof Error ? error.message : String(error)}.`, { cause: error });
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
    for (let isStored = false; !isStored;) {
      try {
        isStored = await this.#goOn(signal);
      } catch (error) {
        if (!(error instanceof Detour)) throw error;
        isStored = await this.#takeDetour(error, signal);
      }
    }
    this.#receipt = (await this.#notices?.complete(signal)) ?? null;
    await this.#host.forget(this);
    signal.throwIfAborted();
    this.#stop();
    this.#loaded = this.facts.size;
    this.#transition('complete');
    const { key, etag, location, size, checksum, receipt } = this.snapshot;
    this.#host.emit('mule-complete', { upload: this.snapshot, key: key!, etag, location, size, checksum, receipt });
  }

  /** One way through all the steps that are left. @returns true once the object stands in the bucket */
  async #goOn(signal: AbortSignal): Promise<true> {
    await this.#creating?.catch(() => {});
    if (!this.session) await this.#init(signal);
    if (this.#opening?.kind === 'create' && !this.session!.uploadId) await this.#create(signal);
    const session = this.session!;
    if (this.#opening?.kind === 'put' || this.#opening?.kind === 'post') {
      this.#setStep('uploading');
      await this.#sendWhole(session, signal);
      return true;
    }
    if (session.needsList) await this.#list(session, signal);
    this.#setStep('uploading');
    await this.#sendParts(session, signal);
    this.#setStep('finishing');
    await this.#complete(session, signal);
    return true;
  }

  /** What the failed step called for. @returns true where the object turned out to stand in the bucket */
  async #takeDetour(detour: Detour, signal: AbortSignal): Promise<boolean> {
    const phase = this.#step === 'finishing' ? 'complete' : 'part';
    if (detour.to === 'relist' && ++this.#relists <= MOST_RELISTS) {
      this.session!.needsList = true;
      return false;
    }
    if ((detour.to === 'gone' || detour.to === 'exists') && this.session) {
      if (await this.#stands(this.session, signal)) return true;
      if (detour.to === 'exists') {
        throw new UploadError('key-exists', `“${this.facts.name}”: another object stands under the key “${this.session.key}” and may not be overwritten; upload under another key.`, { status: 412, phase });
      }
    }
    this.session = null;
    this.#opening = null;
    this.#signatures.drop();
    this.wantsFresh = true;
    this.#relists = 0;
    const { clock } = this.#host;
    const delay = backoff(++this.#restarts, clock.random());
    this.#retries++;
    this.#setStep('starting');
    this.#host.emit('mule-retry', { upload: this.snapshot, phase, partNumber: null, attempt: this.#restarts, delay, reason: `${detour.message}: beginning afresh` });
    await this.#retrier.park('store', clock.now() + delay, abortable(new Promise<void>(resolve => clock.setTimer(resolve, delay)), signal));
    return false;
  }

  async #init(signal: AbortSignal): Promise<void> {
    await this.#retrier.insist('init', null, signal, async () => {
      const reply = await this.#host.init(this);
      signal.throwIfAborted();
      const { session, opening } = readInit(reply, this.facts.size);
      this.session = session;
      this.#opening = opening;
      this.#isOpeningOld = false;
    });
    this.wantsFresh = false;
    this.#retrier.progressed();
    if (this.#opening!.kind === 'known') this.recovered = true;
    this.#follow(this.session!);
    if (this.session!.uploadId) void this.#host.remember(this);
  }

  async #create(signal: AbortSignal): Promise<void> {
    const session = this.session!;
    await this.#retrier.insist('create', null, signal, trial => {
      const opening = this.#opening as Opening & { kind: 'create' };
      // The store may act on a request whose answer nobody waits for any more: the answer is kept, whatever happens.
      this.#creating ??= this.#fly(0, this.#host.lifetime, () => this.#renewed(opening), signature =>
        this.#host.store.create(signature, this.#patience(trial, this.#host.lifetime)))
        .then(uploadId => {
          session.uploadId = uploadId;
          void this.#host.remember(this);
        })
        .finally(() => { this.#creating = null; });
      return abortable(this.#creating, signal);
    });
    this.#retrier.progressed();
    this.#notices?.started();
  }

  async #sendWhole(session: Session, signal: AbortSignal): Promise<void> {
    const { table } = session;
    table.takeNext();
    const etag = await this.#retrier.insist('part', 1, signal, async trial => {
      try {
        return await this.#fly(this.facts.size, signal, () => this.#renewed(this.#opening as Opening & { kind: 'put' | 'post' }), signature =>
          this.#host.store.put(signature, this.#wholeBody(session), this.#patience(trial, signal), loaded => this.#sent(1, loaded)));
      } catch (error) {
        table.sent(1, 0);
        // told the store did not take it, there is nothing that could stand in the bucket
        if (!(error instanceof StoreFault)) this.#hasSentAll = true;
        throw error;
      }
    });
    table.stored(1, etag);
    this.#retrier.progressed();
    this.#finish(session, etag);
  }

  /** An untyped Blob, or the fields of a POST policy with the file last. */
  #wholeBody({ key }: Session): Blob | FormData {
    const file = this.file!.slice();
    if (this.#opening?.kind !== 'post') return file;
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...this.#opening.fields, key })) form.append(name, value);
    form.append('file', file);
    return form;
  }

  async #list(session: Session, signal: AbortSignal): Promise<void> {
    const parts = new Map<number, StoredPart>();
    for (let marker: number | undefined, isLast = false; !isLast;) {
      const page = await this.#retrier.insist('list', null, signal, trial =>
        this.#fly(0, signal, () => this.#signatures.once('list', signedUploadOf(session), signal, marker), signature =>
          this.#host.store.listPage(signature, this.#patience(trial, signal))));
      for (const part of page.parts) parts.set(part.partNumber, part);
      isLast = page.next === null || page.next === marker;
      marker = page.next ?? undefined;
    }
    session.table.replaceStored(parts.values());
    session.needsList = false;
    this.#retrier.progressed();
    this.#touch();
  }

  /** Keeps as many parts on their way as there are lanes, and some ready behind them, until all are stored. */
  #sendParts(session: Session, signal: AbortSignal): Promise<void> {
    const { table } = session;
    const controller = new AbortController();
    const stop = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    return new Promise<void>((resolve, reject) => {
      if (signal.aborted) throw signal.reason;
      let flights = 0;
      let isPumping = false;
      const hasRoom = (): boolean => {
        const { waiting } = this.#retrier;
        const { lanes } = this.#host.scheduler;
        return flights - waiting < lanes + AHEAD && waiting <= lanes;
      };
      const pump = (): void => {
        // each flight that begins says so, which comes back here
        if (isPumping || controller.signal.aborted) return;
        if (table.isComplete) resolve();
        isPumping = true;
        for (let partNumber; hasRoom() && (partNumber = table.takeNext()) !== null;) {
          flights++;
          void this.#sendPart(session, partNumber, controller.signal).catch(fail).finally(() => {
            flights--;
            pump();
          });
        }
        isPumping = false;
      };
      const fail = (error: unknown): void => {
        controller.abort(error);
        reject(error as Error);
      };
      controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error), { once: true });
      this.#pump = pump;
      pump();
    }).finally(() => {
      this.#pump = null;
      signal.removeEventListener('abort', stop);
    });
  }

  async #sendPart(session: Session, partNumber: number, signal: AbortSignal): Promise<void> {
    const { table } = session;
    const { start, end } = table.plan.range(partNumber);
    const size = end - start;
    let attempts = 0;
    let begun = 0;
    try {
      const etag = await this.#retrier.insist('part', partNumber, signal, async trial => {
        attempts = trial.attempt;
        try {
          return await this.#fly(size, signal,
            () => this.#signatures.part(partNumber, signedUploadOf(session), () => table.missing(), signal),
            signature => {
              begun = this.#host.clock.monotonic();
              return this.#host.store.put(signature, this.file!.slice(start, end), this.#patience(trial, signal), loaded => this.#sent(partNumber, loaded));
            });
        } catch (error) {
          table.sent(partNumber, 0);
          throw error;
        }
      });
      table.stored(partNumber, etag);
    } finally {
      table.dropped(partNumber);
    }
    this.#signatures.used(partNumber);
    this.#retrier.progressed();
    this.#host.scheduler.succeeded();
    if (session.tracked) this.#notices?.stored(partNumber);
    this.#touch();
    this.#host.emit('mule-part', { upload: this.snapshot, partNumber, size, attempts, duration: Math.round(this.#host.clock.monotonic() - begun) });
  }

  async #complete(session: Session, signal: AbortSignal): Promise<void> {
    await this.#checkFile();
    // Where CORS hides the ETags the store's own list has them.
    if (!session.table.hasEveryEtag) await this.#list(session, signal);
    if (!session.table.isComplete) throw new Detour('relist', 'the store lists fewer parts than it confirmed');
    const etag = await this.#retrier.insist('complete', null, signal, trial =>
      this.#fly(0, signal, () => this.#signatures.once('end', signedUploadOf(session), signal), signature => {
        this.#hasSentAll = true;
        return this.#host.store.complete(signature, session.table.etags(), this.#patience(trial, signal));
      }));
    this.#finish(session, etag || (await this.#head(session, signal))?.etag || null);
  }

  /**
   * Looks whether the object stands in the bucket already: the answer to Complete may have been lost.
   * @returns whether it is this upload's own: size, and the number of parts that a multipart ETag ends with
   */
  async #stands(session: Session, signal: AbortSignal): Promise<boolean> {
    const mayBe = this.#hasSentAll || this.recovered;
    const object = mayBe ? await this.#head(session, signal) : null;
    if (!object) return false;
    const { size, count } = session.table.plan;
    const isOurs = object.size === size && (this.#opening?.kind === 'put' || !object.etag || object.etag.endsWith(`-${count}`));
    if (isOurs) this.#finish(session, object.etag || null);
    return isOurs;
  }

  /** Asks for the object's facts; null where it is absent, unknown (403), or the signer does not sign that. */
  async #head(session: Session, signal: AbortSignal): Promise<StoredObject | null> {
    if (!this.#signatures.offers('head', signedUploadOf(session))) return null;
    try {
      return await this.#retrier.insist('head', null, signal, trial =>
        this.#fly(0, signal, () => this.#signatures.once('head', signedUploadOf(session), signal), signature =>
          this.#host.store.head(signature, this.#patience(trial, signal))));
    } catch (error) {
      if (error instanceof UploadError || error instanceof Detour) return null;
      throw error;
    }
  }

  #finish(session: Session, etag: string | null): void {
    this.#etag = etag || null;
    this.#setStep('finishing');
    this.#touch();
    if (session.uploadId) this.#opening = null;
  }

  async #abortOnStore(session: Session, signal: AbortSignal): Promise<void> {
    // A part that was in flight may land after the first abort: S3 says to look, and to abort again.
    for (let isEmpty = false; !isEmpty;) {
      try {
        await this.#retrier.insist('abort', null, signal, trial =>
          this.#fly(0, signal, () => this.#signatures.once('delete', signedUploadOf(session), signal), signature =>
            this.#host.store.abort(signature, this.#patience(trial, signal))));
        await this.#list(session, signal);
        isEmpty = session.table.done === 0;
      } catch (error) {
        // gone, as it should be, or not ours to look at
        if (!(error instanceof Detour || error instanceof UploadError)) throw error;
        isEmpty = true;
      }
    }
  }

  // ---- Help ----

  /** Takes a signature, then a lane, and sends; a signature that grew old while waiting for the lane is left. */
  async #fly<T>(bytes: number, signal: AbortSignal, sign: () => Promise<Signature>, send: (signature: Signature) => Promise<T>): Promise<T> {
    const { scheduler, clock } = this.#host;
    for (;;) {
      const signature = await sign();
      const release = await scheduler.lane(this.id, bytes, signal);
      try {
        signal.throwIfAborted();
        if (!isFresh(signature, clock)) continue;
        this.#location ??= locationOf(signature.url, this.session?.key ?? '');
        return await send(signature);
      } finally {
        release();
      }
    }
  }

  /** The opening's signature, asked for again, for the same key, when it has grown old. */
  async #renewed(opening: Opening & { signature: Signature }): Promise<Signature> {
    if (!this.#isOpeningOld && isFresh(opening.signature, this.#host.clock)) return opening.signature;
    const { session, opening: next } = readInit(await this.#host.init(this), this.facts.size);
    if (next.kind !== opening.kind || !('signature' in next)) throw new Detour('restart', 'the signer wants it done in another way');
    this.session!.grant = session.grant;
    if (session.key !== this.session!.key) throw new Detour('restart', 'the signer chose another key');
    this.#opening = next;
    this.#isOpeningOld = false;
    return next.signature;
  }

  async #renewGrant(signal: AbortSignal): Promise<void> {
    this.#renewing ??= this.#host.init(this)
      .then(reply => {
        const { session } = readInit(reply, this.facts.size);
        const known = this.session!;
        if (session.key !== known.key || session.uploadId !== known.uploadId || session.table.plan.partSize !== known.table.plan.partSize) {
          throw new Detour('restart', 'the signer does not renew this upload');
        }
        known.grant = session.grant;
        void this.#host.remember(this);
      })
      .finally(() => { this.#renewing = null; });
    await abortable(this.#renewing, signal);
  }

  #dropSignatures(partNumber: number | null): void {
    if (partNumber !== null && this.session?.uploadId) this.#signatures.used(partNumber);
    else {
      this.#signatures.drop();
      this.#isOpeningOld = true;
    }
  }

  /** Reads one byte: a file that was changed or taken away fails just like a bad line. */
  async #checkFile(): Promise<void> {
    const { name } = this.facts;
    try {
      await this.file?.slice(0, 1).arrayBuffer();
    } catch (cause) {
      const isGone = (cause as DOMException).name === 'NotFoundError';
      throw new UploadError(
        isGone ? 'file-unreadable' : 'file-changed',
        isGone ? `“${name}” is not there any more: put it back, then choose it again.` : `“${name}” was changed, or cannot be read any more, since it was chosen: choose it again.`,
        { phase: 'part', cause },
      );
    }
  }

  #patience({ stalls }: Trial, signal: AbortSignal): Patience {
    return { signal, stalls, stallTimeout: this.#host.options.stallTimeout * 1_000 };
  }

  #follow(session: Session): void {
    this.#notices = this.#host.makeNotices(session);
    this.#touch();
  }

  #sent(partNumber: number, loaded: number): void {
    this.session?.table.sent(partNumber, loaded);
    this.#host.changed(this);
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
      location: this.#location,
      checksum: null,
      receipt: this.#receipt,
      error: this.#error,
      recovered: this.recovered,
      needsFile: this.#status === 'needs-file',
    });
  }
}

function locationOf(url: string, key: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}${key && pathname.endsWith('/') ? key : ''}`;
}
