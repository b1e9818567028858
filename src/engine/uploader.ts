import { DEFAULT_PART_SIZE } from '../limits.js';
import { whyRejected } from './admission.js';
import { UploadError } from './errors.js';
import { fingerprint } from './fingerprint.js';
import { InitDesk } from './init-desk.js';
import { JournalKeeper } from './journal-keeper.js';
import { Notices } from './notices.js';
import { engineDefaults, mergeOptions } from './options.js';
import type { ResolvedOptions } from './options.js';
import { Reachability } from './reachability.js';
import { Scheduler } from './scheduler.js';
import { referenceOf } from './session.js';
import { Signatures } from './signatures.js';
import { isOver, isRunning } from './status.js';
import { StoreClient } from './store-client.js';
import type { AdmissionRules, FileEntry, Ports, TotalProgress, UploadSnapshot, UploaderEventMap, UploaderOptions, UploaderStatus } from './types.js';
import { Upload } from './upload.js';
import type { UploadFacts, UploadHost } from './upload.js';
import { ScreenWakeLock } from './wake-lock.js';

/** Milliseconds between two progress events of one upload. */
const TICK = 100;
const GATES: ReadonlySet<string> = new Set(['mule-before-add', 'mule-before-upload']);

/** An `EventTarget` whose events are known by name. */
interface UploaderTarget extends EventTarget {
  addEventListener<K extends keyof UploaderEventMap>(type: K, listener: (event: UploaderEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}
const Target = EventTarget as new () => UploaderTarget;

/**
 * Uploads many files, headless. The ports come in by constructor; `createUploader` in the package entry has the
 * browser's own.
 */
export class BaseUploader extends Target {
  readonly #ports: Ports;
  readonly #uploads = new Map<string, Upload>();
  /** Waiting for their turn: files for one request, and files for many. */
  readonly #small = new Set<Upload>();
  readonly #large = new Set<Upload>();
  readonly #running = new Set<Upload>();
  readonly #dirty = new Set<Upload>();
  readonly #prepared = new Map<Upload, Promise<boolean>>();
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
  #cancelTick: (() => void) | null = null;
  #stopListening: (() => void) | null = null;

  /** @throws TypeError naming option and value */
  constructor(options: UploaderOptions, makePorts: (options: () => Readonly<ResolvedOptions>) => Ports) {
    super();
    this.#options = mergeOptions(engineDefaults, options);
    const ports = makePorts(() => this.#options);
    this.#ports = ports;
    this.#scheduler = new Scheduler(ports.clock, () => this.#options);
    this.#keeper = new JournalKeeper(ports.journal, () => this.#scope);
    const getOptions = (): Readonly<ResolvedOptions> => this.#options;
    this.#desk = new InitDesk({
      signer: ports.signer,
      clock: ports.clock,
      get options() { return getOptions(); },
      upcoming: () => this.#small,
      prepare: upload => this.#prepare(upload),
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
    return [...this.#uploads.values()].map(upload => upload.snapshot);
  }

  /** All uploads that were not aborted, as one. */
  get progress(): TotalProgress {
    let loaded = 0;
    let total = 0;
    let speed = 0;
    for (const { snapshot } of this.#uploads.values()) {
      if (snapshot.status === 'aborted') continue;
      loaded += snapshot.loaded;
      total += snapshot.size;
      speed += snapshot.speed;
    }
    return { loaded, total, ratio: total ? loaded / total : 0, speed, eta: speed > 0 ? (total - loaded) / speed : null };
  }

  get status(): UploaderStatus {
    const statuses = new Set([...this.#uploads.values()].map(({ status }) => status));
    const has = (...any: Parameters<typeof statuses.has>[0][]): boolean => any.some(status => statuses.has(status));
    if (has('starting', 'uploading', 'finishing')) return 'uploading';
    if (has('waiting')) return 'waiting';
    if (this.#small.size || this.#large.size) return 'uploading';
    if (has('paused')) return 'paused';
    if (has('failed')) return 'failed';
    return has('complete') ? 'complete' : 'idle';
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
    this.#options = mergeOptions(this.#options, changes);
    this.#scheduler.dispatch();
    if ('headers' in changes || 'sign' in changes || 'signer' in changes) for (const upload of this.#running) upload.authorize();
    this.#stayAwake();
  }

  /**
   * Takes files in. A file that an unfinished upload waits for goes on where that stopped.
   * @returns snapshots of those taken; the others gave a `mule-reject` each
   */
  async add(files: Iterable<File | FileEntry>, rules: AdmissionRules = {}): Promise<UploadSnapshot[]> {
    const entries = [...files].map(item => ('file' in item ? item : { file: item }));
    await this.ready;
    const taken: Upload[] = [];
    for (const entry of entries) {
      const upload = await this.#take(entry, rules, entries.length > 1);
      if (upload) taken.push(upload);
    }
    this.#fill();
    return taken.map(({ snapshot }) => snapshot);
  }

  /** Begins what was held by `autostart: false`. */
  start(id?: string): void {
    for (const upload of this.#chosen(id)) if (upload.status === 'queued') this.#line(upload);
    this.#fill();
  }

  /** Sends nothing more, and keeps what is stored. */
  pause(id?: string): void {
    for (const upload of this.#chosen(id)) upload.pause();
  }

  /**
   * Goes on with what is paused, or with a file chosen again.
   * @throws UploadError `file-changed` for another file than the one that was begun
   */
  async resume(id?: string, file?: File): Promise<void> {
    if (file && id !== undefined) await this.#giveFile(this.#find(id), file);
    for (const upload of this.#chosen(id)) {
      if (upload.status !== 'paused' && upload.status !== 'needs-file') continue;
      if (upload.file) this.#requeue(upload);
    }
    this.#fill();
  }

  /** Ends it, also on the store, and forgets it. */
  abort(id?: string): void {
    for (const upload of this.#chosen(id)) upload.abort();
    this.#fill();
  }

  /** Tries again what failed, and at once what waits. */
  retry(id?: string): void {
    for (const upload of this.#chosen(id)) {
      if (upload.status === 'failed') this.#requeue(upload);
      else if (isRunning(upload.status)) upload.nudge(true);
    }
    this.#fill();
  }

  /** Takes one that is over off the list. */
  dismiss(id: string): void {
    const upload = this.#uploads.get(id);
    if (upload && isOver(upload.status)) this.#drop(upload);
  }

  /** Takes all that are over off the list. */
  clear(): void {
    for (const upload of [...this.#uploads.values()]) if (isOver(upload.status)) this.#drop(upload);
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
    for (const upload of [...this.#uploads.values()]) if (upload.status === 'needs-file') this.#drop(upload);
    await this.#keeper.wipe();
  }

  /** Stops everything and lets go of the page; the journal keeps what is unfinished. */
  dispose(): void {
    this.#lifetime.abort();
    for (const upload of this.#uploads.values()) upload.dispose();
    this.#cancelTick?.();
    this.#stopListening?.();
    this.#wakeLock.set(false);
    for (const { reject } of this.#finishers) reject(new DOMException('The uploader was disposed of', 'AbortError'));
    this.#finishers.clear();
  }

  // ---- Taking files in ----

  async #take({ file, relativePath = '' }: FileEntry, rules: AdmissionRules, areMany: boolean): Promise<Upload | null> {
    const goesOn = await this.#unfinished(file, relativePath);
    if (goesOn) {
      goesOn.file = file;
      this.#requeue(goesOn);
      return goesOn;
    }
    if (!this.#emit('mule-before-add', { file, relativePath })) {
      this.#emit('mule-reject', { file, code: 'cancelled', message: `“${file.name}” was not accepted by the page.` });
      return null;
    }
    const listed = [...this.#uploads.values()].filter(({ status }) => status !== 'aborted' && status !== 'failed');
    const rejection = whyRejected(file, rules, rules.maxFiles === undefined ? 0 : listed.length)
      ?? (listed.some(({ facts }) => isSame(facts, file, relativePath)) ? { code: 'duplicate' as const, message: `“${file.name}” is in the list already.` } : null);
    if (rejection) {
      this.#emit('mule-reject', { file, ...rejection });
      return null;
    }
    const { name, size, type, lastModified } = file;
    const upload = new Upload(this.#host, { id: newId(), name, size, type, lastModified, relativePath }, { file });
    const { objectKey, autostart } = this.#options;
    upload.objectKey = objectKey && areMany ? `${objectKey}${relativePath || name}` : objectKey;
    this.#uploads.set(upload.id, upload);
    this.#emit('mule-add', { upload: upload.snapshot });
    if (autostart) this.#line(upload);
    return upload;
  }

  /** The upload that waits for this very file, if one does. */
  async #unfinished(file: File, relativePath: string): Promise<Upload | null> {
    const waiting = [...this.#uploads.values()].filter(({ status, facts }) =>
      facts.size === file.size && (status === 'needs-file' || (status === 'failed' && isSame(facts, file, relativePath))));
    if (!waiting.length) return null;
    const print = await fingerprint(file).catch(() => null);
    const same = waiting.filter(upload => upload.fingerprint === print);
    return same.find(({ facts }) => facts.name === file.name && facts.relativePath === relativePath) ?? (file.size ? same[0] : null) ?? null;
  }

  async #giveFile(upload: Upload, file: File): Promise<void> {
    const { name, size } = upload.facts;
    if (upload.fingerprint && upload.fingerprint !== (await fingerprint(file))) {
      throw new UploadError('file-changed', `“${file.name}” is not the file that was begun: choose “${name}” (${size} bytes), unchanged.`);
    }
    upload.file = file;
  }

  /** Makes ready for init, once: what it is recognised by, and the page's leave. */
  #prepare(upload: Upload): Promise<boolean> {
    const known = this.#prepared.get(upload);
    if (known) return known;
    const work = this.#askPage(upload);
    this.#prepared.set(upload, work);
    work.catch(() => this.#prepared.delete(upload));
    return work;
  }

  async #askPage(upload: Upload): Promise<boolean> {
    await this.#recognise(upload);
    const waits: Promise<unknown>[] = [];
    const isAllowed = this.#emit('mule-before-upload', { upload: upload.snapshot, params: upload.params, waitUntil: promise => waits.push(promise) });
    try {
      await Promise.all(waits);
    } catch (error) {
      upload.refuse(error);
      throw error;
    }
    if (!isAllowed) upload.abort();
    return isAllowed;
  }

  async #recognise(upload: Upload): Promise<string> {
    try {
      return (upload.fingerprint ??= await fingerprint(upload.file!));
    } catch (cause) {
      throw new UploadError('file-unreadable', `“${upload.facts.name}” cannot be read: is it still there, and may this browser read it? Choose it again.`, { phase: 'init', cause });
    }
  }

  async #recover(): Promise<void> {
    if (this.#options.recover === 'off') return;
    const records = await this.#keeper.load();
    const held = await this.#ports.tabLock.held(records.map(record => this.#lockName(record))).catch(() => new Set<string>());
    const found: Upload[] = [];
    for (const record of records) {
      if (held.has(this.#lockName(record)) || this.#lifetime.signal.aborted) continue;
      const { id, name, size, type, lastModified, relativePath } = record;
      const upload = new Upload(this.#host, { id, name, size, type, lastModified, relativePath }, { record });
      if (record.aborting) void upload.abandon();
      else {
        this.#uploads.set(id, upload);
        found.push(upload);
      }
    }
    if (found.length) this.#emit('mule-recover', { uploads: found.map(({ snapshot }) => snapshot) });
  }

  // ---- Turns ----

  #line(upload: Upload): void {
    (this.#isSmall(upload) ? this.#small : this.#large).add(upload);
  }

  #requeue(upload: Upload): void {
    upload.enqueue();
    if (upload.status === 'queued') this.#line(upload);
  }

  #isSmall({ facts, session }: Upload): boolean {
    const { partSize } = this.#options;
    return facts.size <= (partSize === 'auto' ? DEFAULT_PART_SIZE : partSize) && !session?.uploadId;
  }

  /** Sets as many going as keep the lanes full: large ones in their order, small ones beside them. */
  #fill(): void {
    const { lanes } = this.#scheduler;
    let large = 0;
    for (const upload of this.#running) if (!this.#isSmall(upload)) large++;
    const small = this.#running.size - large;
    this.#beginFrom(this.#large, lanes - large);
    this.#beginFrom(this.#small, lanes * 2 - small);
  }

  #beginFrom(queue: Set<Upload>, room: number): void {
    for (const upload of queue) {
      if (room-- <= 0) return;
      queue.delete(upload);
      upload.begin();
    }
  }

  // ---- What uploads ask of their host ----

  #makeHost(): UploadHost {
    const { clock, signer, transport, tabLock } = this.#ports;
    const getOptions = (): Readonly<ResolvedOptions> => this.#options;
    return {
      clock,
      get options() { return getOptions(); },
      scheduler: this.#scheduler,
      lifetime: this.#lifetime.signal,
      store: new StoreClient(transport, ({ method, url }) => {
        this.#readable.add(`${method} ${new URL(url).origin}`);
        this.#reachabilities.get(new URL(url).origin)?.answered();
      }),
      makeSignatures: () => new Signatures(signer, clock),
      makeNotices: session => this.#wantsNotices(session) ? new Notices(signer, clock, () => referenceOf(session)) : null,
      reachability: url => this.#reachability(url),
      isReadable: (method, url) => this.#readable.has(`${method} ${new URL(url).origin}`),
      init: upload => this.#desk.ask(upload),
      claim: async (upload, signal) => {
        const name = this.#lockName({ ...upload.facts, fingerprint: await this.#recognise(upload) });
        const release = await tabLock.tryAcquire(name);
        if (release) return release;
        const later = await upload.waitFor('tab', tabLock.acquire(name, signal));
        // the other tab may have got somewhere before it went
        const record = (await this.#keeper.load()).find(({ fingerprint: print, name: of }) => print === upload.fingerprint && of === upload.facts.name);
        if (record && !upload.session) upload.adopt(record);
        return later;
      },
      remember: upload => (this.#options.recover === 'off' ? Promise.resolve() : this.#keeper.save(upload)),
      forget: upload => (this.#options.recover === 'off' ? Promise.resolve() : this.#keeper.remove(upload)),
      emit: (type, detail) => this.#relay(type, detail),
      changed: upload => this.#markDirty(upload),
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
      known = new Reachability(origin + pathname, transport, clock, this.#lifetime.signal, online => this.#emit('mule-network', { online }));
      this.#reachabilities.set(origin, known);
    }
    return known;
  }

  get #scope(): string {
    const { scope, signer } = this.#options;
    return scope || signer || 'page';
  }

  #lockName({ fingerprint: print, name }: { fingerprint: string; name: string }): string {
    return `${this.#scope}:${print}:${name}`;
  }

  /** Passes an upload's event on, and keeps the books by it. */
  #relay<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): void {
    const { upload: snapshot } = detail as { upload: UploadSnapshot };
    const upload = this.#uploads.get(snapshot.id);
    if (!upload) return;
    if (type === 'mule-status') this.#book(upload);
    if (type === 'mule-complete') this.#reportProgress(upload);
    this.#emit(type, detail);
    const isEnd = isOver(upload.status) && (type === 'mule-complete' || type === 'mule-abort' || type === 'mule-error');
    if (isEnd) this.#settle(true);
    if (type === 'mule-status' && !isRunning(upload.status) && upload.status !== 'queued') this.#fill();
  }

  #book(upload: Upload): void {
    if (isRunning(upload.status)) this.#running.add(upload);
    else this.#running.delete(upload);
    if (upload.status !== 'queued') {
      this.#small.delete(upload);
      this.#large.delete(upload);
    }
    if (isOver(upload.status)) {
      this.#desk.cancel(upload);
      this.#prepared.delete(upload);
    }
    this.#listen();
    this.#stayAwake();
  }

  /** Tells the page, and whoever waits, when nothing is left to do. */
  #settle(hasEnded = false): void {
    const uploads = [...this.#uploads.values()];
    if (hasEnded && !this.#running.size && !this.#small.size && !this.#large.size) {
      const of = (status: string): UploadSnapshot[] => uploads.filter(upload => upload.status === status).map(({ snapshot }) => snapshot);
      this.#emit('mule-finish', { completed: of('complete'), failed: of('failed') });
    }
    if (!uploads.every(({ status }) => isOver(status))) return;
    for (const { resolve } of this.#finishers) resolve(uploads.map(({ snapshot }) => snapshot));
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
    if (isNew && this.#uploads.has(upload.id)) this.#emit('mule-progress', { upload: snapshot, loaded, total: size, ratio, speed, eta });
  }

  // ---- The page around ----

  #listen(): void {
    if (!this.#running.size) {
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
      leave: event => {
        if (this.#options.leaveWarning && this.#running.size) event.preventDefault();
      },
    });
  }

  #wake(): void {
    for (const reachability of this.#reachabilities.values()) reachability.poke();
    for (const upload of this.#running) upload.nudge(false);
    this.#stayAwake();
  }

  #stayAwake(): void {
    this.#wakeLock.set(this.#options.keepAwake && this.#running.size > 0);
  }

  #drop(upload: Upload): void {
    this.#uploads.delete(upload.id);
    this.#dirty.delete(upload);
    this.#settle();
  }

  #find(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (!upload) throw new TypeError(`there is no upload "${id}"`);
    return upload;
  }

  #chosen(id: string | undefined): Upload[] {
    return id === undefined ? [...this.#uploads.values()] : [this.#find(id)];
  }

  #emit<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): boolean {
    return this.dispatchEvent(new CustomEvent(type, { detail, cancelable: GATES.has(type) }));
  }
}

const isSame = (facts: UploadFacts, { name, size, lastModified }: File, relativePath: string): boolean =>
  facts.name === name && facts.size === size && facts.lastModified === lastModified && facts.relativePath === relativePath;

/** 128 random bits in hexadecimal; `randomUUID` is missing on plain `http:` pages. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
