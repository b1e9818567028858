import { hex } from './fingerprint.js';
import { InitDesk } from './init-desk.js';
import { Intake } from './intake.js';
import { JournalKeeper } from './journal-keeper.js';
import { Notices } from './notices.js';
import { engineDefaults, mergeOptions } from './options.js';
import type { ResolvedOptions } from './options.js';
import { Reachability } from './reachability.js';
import { Roster } from './roster.js';
import { Scheduler } from './scheduler.js';
import { referenceOf } from './session.js';
import { Signatures } from './signatures.js';
import { isOver, isRunning } from './status.js';
import { StoreClient } from './store-client.js';
import type {
  AdmissionRules,
  FileEntry,
  Ports,
  TotalProgress,
  UploadSnapshot,
  UploaderEventMap,
  UploaderOptions,
  UploaderStatus,
} from './types.js';
import { Upload } from './upload.js';
import type { UploadHost } from './upload.js';
import { ScreenWakeLock } from './wake-lock.js';

/** Milliseconds between two progress events of one upload. */
const TICK = 100;
const GATES: ReadonlySet<string> = new Set(['mule-before-add', 'mule-before-upload']);

/** An `EventTarget` whose events are known by name. */
interface UploaderTarget extends EventTarget {
  addEventListener<K extends keyof UploaderEventMap>(
    type: K,
    listener: (event: UploaderEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
const Target = EventTarget as new () => UploaderTarget;

/**
 * Uploads many files, headless. The ports come in by constructor; `createUploader` in the package entry has the
 * browser's own.
 */
export class BaseUploader extends Target {
  readonly #ports: Ports;
  readonly #roster: Roster;
  readonly #intake: Intake;
  readonly #dirty = new Set<Upload>();
  readonly #reachabilities = new Map<string, Reachability>();
  /** Methods and origins of which an answer could be read. */
  readonly #readable = new Set<string>();
  readonly #lifetime = new AbortController();
  readonly #finishers = new Set<{ resolve(uploads: UploadSnapshot[]): void; reject(error: Error): void }>();
  readonly #wakeLock = new ScreenWakeLock();
  readonly #scheduler: Scheduler;
  readonly #keeper: JournalKeeper;
  readonly #desk: InitDesk;
  readonly #host: UploadHost;
  #options: Readonly<ResolvedOptions>;
  #ready: Promise<void> | null = null;
  /** Calls of `add` under way. */
  #arriving = 0;
  #cancelTick: (() => void) | null = null;
  #stopListening: (() => void) | null = null;

  /** @throws TypeError naming option and value */
  constructor(options: UploaderOptions, makePorts: (options: () => Readonly<ResolvedOptions>) => Ports) {
    super();
    this.#options = mergeOptions(engineDefaults, options);
    this.#warnOfChecksum();
    const ports = makePorts(() => this.#options);
    this.#ports = ports;
    this.#scheduler = new Scheduler(ports.clock, () => this.#options);
    this.#keeper = new JournalKeeper(ports.journal, () => this.#scope);
    this.#roster = new Roster(
      () => this.#scheduler.lanes,
      () => this.#options.partSize,
    );
    this.#intake = new Intake(this.#roster, (type, detail) => this.#emit(type, detail));
    const getOptions = (): Readonly<ResolvedOptions> => this.#options;
    this.#desk = new InitDesk({
      signer: ports.signer,
      clock: ports.clock,
      get options() {
        return getOptions();
      },
      upcoming: () => this.#roster.upcoming(),
      prepare: (upload) => this.#intake.prepare(upload),
    });
    this.#host = this.#makeHost();
    // once the constructor's caller has had its chance to listen
    queueMicrotask(() => void this.ready);
  }

  get options(): Readonly<ResolvedOptions> {
    return this.#options;
  }

  /** In the order they were added; each the same object while nothing about it changes. */
  get uploads(): readonly UploadSnapshot[] {
    return this.#roster.snapshots;
  }

  /** All uploads that were not aborted, as one. */
  get progress(): TotalProgress {
    return this.#roster.progress;
  }

  get status(): UploaderStatus {
    return this.#roster.status;
  }

  /** Resolves when the journal has been read: unfinished uploads of earlier visits are listed. */
  get ready(): Promise<void> {
    return (this.#ready ??= this.#recover());
  }

  /**
   * Changes some options; those in force for running uploads follow at their next step.
   * @throws TypeError naming option and value
   */
  configure(changes: UploaderOptions): void {
    const before = this.#scope;
    this.#options = mergeOptions(this.#options, changes);
    if (before !== this.#scope && this.#ready) {
      // another user's, or another destination's, unfinished uploads are not for this one to see
      this.#dropUnfinished();
      this.#ready = this.#recover();
    }
    if ('checksum' in changes) this.#warnOfChecksum();
    this.#scheduler.dispatch();
    if ('headers' in changes || 'sign' in changes || 'signer' in changes)
      // those aborted here, too: the store has yet to hear of it
      for (const upload of this.#roster.all) upload.authorize();
    this.#stayAwake();
  }

  /**
   * Takes files in. A file that an unfinished upload waits for goes on where that stopped.
   * @returns snapshots of those taken; the others gave a `mule-reject` each
   */
  async add(files: Iterable<File | FileEntry>, rules: AdmissionRules = {}): Promise<UploadSnapshot[]> {
    const entries = [...files].map((item) => ('file' in item ? item : { file: item }));
    const taken: Upload[] = [];
    this.#arriving++;
    try {
      await this.ready;
      for (const entry of entries) {
        const upload = await this.#take(entry, rules, entries.length > 1);
        if (upload) taken.push(upload);
      }
    } finally {
      this.#arriving--;
    }
    this.#roster.fill();
    this.#settle();
    return taken.map(({ snapshot }) => snapshot);
  }

  /** Begins what was held by `autostart: false`. */
  start(id?: string): void {
    for (const upload of this.#roster.chosen(id)) if (upload.status === 'queued') this.#roster.line(upload);
    this.#roster.fill();
  }

  /** Sends nothing more, and keeps what is stored. */
  pause(id?: string): void {
    for (const upload of this.#roster.chosen(id)) upload.pause();
  }

  /**
   * Goes on with what is paused, or with a file chosen again.
   * @throws UploadError `file-changed` for another file than the one that was begun
   */
  async resume(id?: string, file?: File): Promise<void> {
    if (file && id !== undefined) await this.#intake.giveFile(this.#roster.find(id), file);
    for (const upload of this.#roster.chosen(id)) {
      if (upload.status !== 'paused' && upload.status !== 'needs-file') continue;
      if (upload.file) this.#requeue(upload);
    }
    this.#roster.fill();
  }

  /** Ends it, also on the store, and forgets it. */
  abort(id?: string): void {
    for (const upload of this.#roster.chosen(id)) upload.abort();
    this.#roster.fill();
  }

  /** Tries again what failed, and at once what waits. */
  retry(id?: string): void {
    for (const reachability of this.#reachabilities.values()) reachability.poke();
    for (const upload of this.#roster.chosen(id)) {
      if (upload.status === 'failed') this.#requeue(upload);
      else if (isRunning(upload.status)) upload.nudge(true);
    }
    this.#roster.fill();
  }

  /** Takes one that is over off the list. */
  dismiss(id: string): void {
    if (!this.#roster.has(id)) return;
    const upload = this.#roster.find(id);
    if (isOver(upload.status)) this.#drop(upload);
  }

  /** Takes all that are over off the list. */
  clear(): void {
    for (const upload of this.#roster.all) if (isOver(upload.status)) this.#drop(upload);
  }

  /** Resolves when every upload is over; paused ones and those that need their file keep it waiting. */
  finished(): Promise<UploadSnapshot[]> {
    return new Promise((resolve, reject) => {
      if (this.#lifetime.signal.aborted) {
        reject(new DOMException('The uploader was disposed of', 'AbortError'));
        return;
      }
      this.#finishers.add({ resolve, reject });
      void this.ready.then(() => this.#settle());
    });
  }

  /** Wipes the journal of this scope, and takes unfinished uploads of earlier visits off the list. */
  async forget(): Promise<void> {
    this.#dropUnfinished();
    await this.#keeper.wipe();
  }

  /** Stops everything and lets go of the page; the journal keeps what is unfinished. */
  dispose(): void {
    this.#lifetime.abort();
    for (const upload of this.#roster.all) upload.dispose();
    this.#cancelTick?.();
    this.#stopListening?.();
    this.#wakeLock.set(false);
    for (const { reject } of this.#finishers) reject(new DOMException('The uploader was disposed of', 'AbortError'));
    this.#finishers.clear();
  }

  // ---- Taking files in ----

  async #take(entry: FileEntry, rules: AdmissionRules, areMany: boolean): Promise<Upload | null> {
    const { file, relativePath = '' } = entry;
    const unfinished = await this.#intake.findUnfinished(entry);
    if (unfinished) {
      unfinished.file = file;
      this.#requeue(unfinished);
      return unfinished;
    }
    const rejection = this.#intake.refuse(entry, rules);
    if (rejection) {
      this.#emit('mule-reject', { file, ...rejection });
      return null;
    }
    const { name, size, type, lastModified } = file;
    const upload = new Upload(this.#host, { id: newId(), name, size, type, lastModified, relativePath }, { file });
    const { objectKey, autostart } = this.#options;
    upload.objectKey = objectKey && areMany ? `${objectKey}${relativePath || name}` : objectKey;
    this.#roster.add(upload);
    this.#emit('mule-add', { upload: upload.snapshot });
    if (autostart) this.#roster.line(upload);
    return upload;
  }

  async #recover(): Promise<void> {
    if (this.#options.recover === 'off') return;
    const records = await this.#keeper.load();
    const held = await this.#ports.tabLock
      .held(records.map((record) => this.#lockName(record)))
      .catch(() => new Set<string>());
    const found: Upload[] = [];
    for (const record of records) {
      if (held.has(this.#lockName(record)) || this.#lifetime.signal.aborted) continue;
      const { id, name, size, type, lastModified, relativePath } = record;
      const upload = new Upload(this.#host, { id, name, size, type, lastModified, relativePath }, { record });
      if (record.aborting) void upload.abandon();
      else {
        this.#roster.add(upload);
        found.push(upload);
      }
    }
    if (found.length) this.#emit('mule-recover', { uploads: found.map(({ snapshot }) => snapshot) });
  }

  #requeue(upload: Upload): void {
    upload.enqueue();
    if (upload.status === 'queued') this.#roster.line(upload);
  }

  // ---- What uploads ask of their host ----

  #makeHost(): UploadHost {
    const { clock, signer, transport, tabLock } = this.#ports;
    const getOptions = (): Readonly<ResolvedOptions> => this.#options;
    return {
      clock,
      get options() {
        return getOptions();
      },
      scheduler: this.#scheduler,
      lifetime: this.#lifetime.signal,
      store: new StoreClient(transport, ({ method, url }) => {
        this.#readable.add(`${method} ${new URL(url).origin}`);
        this.#reachabilities.get(new URL(url).origin)?.answered();
      }),
      makeSignatures: () => new Signatures(signer, clock),
      makeNotices: (session) =>
        this.#wantsNotices(session) ? new Notices(signer, clock, () => referenceOf(session)) : null,
      reachability: (url) => this.#reachability(url),
      isReadable: (method, url) => this.#readable.has(`${method} ${new URL(url).origin}`),
      isSignerKnown: () => this.#desk.hasAnswer,
      init: (upload) => this.#desk.ask(upload),
      claim: async (upload, signal) => {
        const name = this.#lockName({ ...upload.facts, fingerprint: await this.#intake.recognise(upload) });
        const release = await tabLock.tryAcquire(name);
        if (release) return release;
        const later = await upload.waitFor('tab', tabLock.acquire(name, signal));
        // the other tab may have got somewhere before it went
        const record = (await this.#keeper.load()).find((known) => this.#lockName(known) === name);
        if (record && !upload.session) upload.adopt(record);
        return later;
      },
      remember: (upload) => (this.#options.recover === 'off' ? Promise.resolve() : this.#keeper.save(upload)),
      forget: (upload) => (this.#options.recover === 'off' ? Promise.resolve() : this.#keeper.remove(upload)),
      emit: (type, detail) => this.#relay(type, detail),
      changed: (upload) => this.#markDirty(upload),
    };
  }

  #wantsNotices({ actions, uploadId, tracked }: NonNullable<Upload['session']>): boolean {
    return (uploadId !== null || tracked) && actions.includes('chunk_loaded') && this.#options.urls.chunk_loaded !== '';
  }

  #reachability(url: string): Reachability {
    const { origin, pathname } = new URL(url);
    let known = this.#reachabilities.get(origin);
    if (!known) {
      const { transport, clock } = this.#ports;
      known = new Reachability(origin + pathname, transport, clock, this.#lifetime.signal, (online) =>
        this.#emit('mule-network', { online }),
      );
      this.#reachabilities.set(origin, known);
    }
    return known;
  }

  get #scope(): string {
    const { scope, signer } = this.#options;
    return scope || signer || 'page';
  }

  /** Twins in two folders are two files, though their bytes are the same. */
  #lockName({ fingerprint: print, name, relativePath }: { fingerprint: string; name: string; relativePath: string }) {
    return `${this.#scope}:${print}:${relativePath || name}`;
  }

  /** Passes an upload's event on, and keeps the books by it. */
  #relay<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): void {
    const { upload: snapshot } = detail as { upload: UploadSnapshot };
    if (!this.#roster.has(snapshot.id)) return;
    const upload = this.#roster.find(snapshot.id);
    if (type === 'mule-status') this.#book(upload);
    if (type === 'mule-complete') this.#reportProgress(upload);
    this.#emit(type, detail);
    const isEnd = isOver(upload.status) && (type === 'mule-complete' || type === 'mule-abort' || type === 'mule-error');
    if (isEnd) this.#settle(true);
    if (type === 'mule-status' && !isRunning(upload.status) && upload.status !== 'queued') this.#roster.fill();
  }

  #book(upload: Upload): void {
    this.#roster.book(upload);
    if (isOver(upload.status)) this.#desk.cancel(upload);
    this.#listen();
    this.#stayAwake();
  }

  /** Tells the page, and whoever waits, when nothing is left to do. */
  #settle(hasEnded = false): void {
    if (hasEnded && !this.#roster.isActive) {
      this.#emit('mule-finish', {
        completed: this.#roster.snapshotsOf('complete'),
        failed: this.#roster.snapshotsOf('failed'),
      });
    }
    if (!this.#roster.isOver || this.#arriving) return;
    for (const { resolve } of this.#finishers) resolve(this.#roster.snapshots);
    this.#finishers.clear();
  }

  // ---- Progress ----

  #markDirty(upload: Upload): void {
    this.#dirty.add(upload);
    this.#cancelTick ??= this.#ports.clock.setTimer(() => {
      this.#cancelTick = null;
      const dirty = [...this.#dirty];
      this.#dirty.clear();
      for (const one of dirty) this.#reportProgress(one);
    }, TICK);
  }

  #reportProgress(upload: Upload): void {
    upload.tick();
    const { snapshot } = upload;
    const { loaded, size, ratio, speed, eta } = snapshot;
    const isNew = loaded !== upload.reported;
    upload.reported = loaded;
    if (isNew && this.#roster.has(upload.id))
      this.#emit('mule-progress', { upload: snapshot, loaded, total: size, ratio, speed, eta });
  }

  // ---- The page around ----

  #listen(): void {
    if (!this.#roster.running.size) {
      this.#stopListening?.();
      this.#stopListening = null;
      return;
    }
    this.#stopListening ??= this.#ports.environment.listen({
      online: () => {
        this.#emit('mule-network', { online: true });
        this.#wake();
      },
      offline: () => this.#emit('mule-network', { online: false }),
      wake: () => this.#wake(),
      leave: (event) => {
        if (this.#options.leaveWarning && this.#roster.running.size) event.preventDefault();
      },
    });
  }

  #wake(): void {
    for (const reachability of this.#reachabilities.values()) reachability.poke();
    for (const upload of this.#roster.running) upload.nudge(false);
    this.#stayAwake();
  }

  #stayAwake(): void {
    this.#wakeLock.set(this.#options.keepAwake && this.#roster.running.size > 0);
  }

  /** Nobody may believe in a check that is not made. */
  #warnOfChecksum(): void {
    const { checksum } = this.#options;
    if (checksum !== 'auto' && checksum !== 'none')
      console.warn(`mule-upload: this version computes no checksums yet; "${checksum}" is not used.`);
  }

  #dropUnfinished(): void {
    for (const upload of this.#roster.all) if (upload.status === 'needs-file') this.#drop(upload);
  }

  #drop(upload: Upload): void {
    this.#roster.remove(upload);
    this.#dirty.delete(upload);
    this.#settle();
  }

  #emit<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): boolean {
    return this.dispatchEvent(new CustomEvent(type, { detail, cancelable: GATES.has(type) }));
  }
}

/** 128 random bits in hexadecimal; `randomUUID` is missing on plain `http:` pages. */
function newId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}
