import { entryOf, listOf } from './files/file-entries.js';
import type { Entry, Rules } from './files/file-entries.js';
import { UploadError } from './api/errors.js';
import { newId } from './util/new-id.js';
import { engineDefaults, isOtherOwner, mergeOptions } from './api/options.js';
import type { ResolvedOptions } from './api/options.js';
import { NO_PROGRESS } from './api/status.js';
import type {
  FileEntry,
  FileHandle,
  TotalProgress,
  UploadSnapshot,
  UploaderEventMap,
  UploaderOptions,
  UploaderStatus,
} from './api/types.js';
import type { Ports } from './ports.js';
import type { createManager as CreateManager } from './create-manager.js';
import type { UploadManager } from './manager.js';

/** Delay before the code is requested again, and its maximum. */
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
/** Failures before an error is dispatched, and the time without an answer that counts as one. */
const FAILURES_UNTIL_REPORT = 2;
const LOAD_TIMEOUT_MS = 30_000;
const NOT_FORGOTTEN =
  'Uploads of this user are not deleted from this browser yet: a part of the page could not be loaded. They are deleted once it is.';
const GATES: ReadonlySet<string> = new Set(['mule-before-add', 'mule-before-upload']);
const NO_UPLOADS: readonly UploadSnapshot[] = Object.freeze([]);

/** An upload that is listed before the engine's code is loaded. */
interface EarlyUpload {
  readonly file: File;
  readonly entry: Entry;
  snapshot: UploadSnapshot;
}

/** An `EventTarget` with typed events. */
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
 * Uploads files to S3 by multipart upload, and resumes after every failure; a signer signs each request. Its code is
 * loaded as soon as an uploader is created: until then, added files are listed and wait.
 */
export class Uploader extends Target {
  readonly #ports: Partial<Ports>;
  #options: Readonly<ResolvedOptions>;
  #manager: UploadManager | null = null;
  #loading: Promise<UploadManager> | null = null;
  #isDisposed = false;
  #isDetached = false;
  /** Uploads that were added before the code was loaded, by their ID. */
  readonly #early = new Map<string, EarlyUpload>();
  #uploads = NO_UPLOADS;
  #failures = 0;
  /** Called when the code cannot be loaded, for callers that do not wait for it. */
  readonly #onFailure = new Set<(error: UploadError) => void>();
  #retryAt: number | null = null;
  /** Ends the delay before the code is requested again. */
  #wake = (): void => {};

  /**
   * @param ports stand in for the browser's own clock, network, storage …
   * @throws TypeError naming option and value
   */
  constructor(options: UploaderOptions = {}, ports: Partial<Ports> = {}) {
    super();
    this.#options = mergeOptions(engineDefaults, options);
    this.#ports = ports;
    // after the caller of the constructor has added its listeners
    queueMicrotask(() => void this.ready);
  }

  get options(): Readonly<ResolvedOptions> {
    return this.#manager?.options ?? this.#options;
  }

  /**
   * Snapshots in the order of adding. A snapshot is the same object until it changes; so is the array, which is frozen.
   */
  get uploads(): readonly UploadSnapshot[] {
    const { uploads = NO_UPLOADS } = this.#manager ?? {};
    const early = this.#chosen().map(({ snapshot }) => snapshot);
    if (!early.length) return uploads;
    const all = [...uploads, ...early];
    const isSame = all.length === this.#uploads.length && all.every((one, index) => one === this.#uploads[index]);
    return isSame ? this.#uploads : (this.#uploads = Object.freeze(all));
  }

  /** Totals over all uploads that were not aborted. */
  get progress(): TotalProgress {
    if (this.#manager) return this.#manager.progress;
    return { ...NO_PROGRESS, total: this.#chosen().reduce((sum, { snapshot }) => sum + snapshot.size, 0) };
  }

  get status(): UploaderStatus {
    const { status = 'idle' } = this.#manager ?? {};
    if (status !== 'idle') return status;
    const all = this.#chosen().map(({ snapshot }) => snapshot.status);
    if (all.includes('waiting')) return 'waiting';
    if (all.includes('queued') && this.#options.autostart) return 'uploading';
    return all.includes('paused') ? 'paused' : status;
  }

  /** Resolves when the journal has been read: unfinished uploads of earlier page loads are listed. */
  get ready(): Promise<void> {
    return this.#manager?.ready ?? this.#load().then((manager) => manager.ready);
  }

  /** Whether an upload is listed. */
  has(id: string): boolean {
    return this.#early.has(id) || (this.#manager?.has(id) ?? false);
  }

  /**
   * Changes some options; running uploads use them from their next step. Uploads that wait, are held, or have failed for
   * lack of an option (`no-signer`, `too-many-retries`) resume once it is set.
   * @throws TypeError naming option and value
   */
  configure(changes: UploaderOptions): void {
    if (this.#manager) this.#manager.configure(changes);
    else {
      const before = this.#options;
      this.#options = mergeOptions(before, changes);
      // the first scope that is set is that of the files added before it
      if (before.scope && isOtherOwner(before, this.#options)) this.#abortEarly();
    }
  }

  /**
   * Adds files. The file of an unfinished upload resumes that upload.
   * @returns snapshots of the added files; `mule-reject` is fired for each other file
   */
  async add(files: Iterable<File | Blob | FileEntry>, rules?: Rules): Promise<UploadSnapshot[]> {
    // copied, because the page may empty its list
    const entries = listOf(files).map(entryOf);
    if (this.#manager) return this.#manager.add(entries, rules);
    for (const entry of entries) if (!entry.fault) this.#list(entry);
    this.#showWait();
    const manager = await this.#load();
    // a file that was aborted meanwhile is not listed any more
    const wanted = entries.filter(({ id }) => !id || this.#early.has(id));
    try {
      return await manager.add(wanted, rules);
    } finally {
      for (const { id = '' } of wanted) {
        if (this.#early.get(id)?.snapshot.status === 'paused' && manager.has(id)) manager.pause(id);
        this.#early.delete(id);
      }
    }
  }

  /**
   * Returns the state of each part of an upload, for a display of parts. No event reports its changes.
   * @returns a byte for each part, the first one's first: 0 not sent, 1 in flight, 2 stored; null if unknown: the
   * upload has not started, or another tab sends it
   * @throws TypeError naming an id that is not listed
   */
  partStates(id: string): Uint8Array | null {
    return this.#listing(id)?.partStates(id) ?? null;
  }

  /** Returns an upload's file; null if it has to be chosen again. @throws TypeError naming an id that is not listed */
  fileOf(id: string): File | null {
    return this.#listing(id)?.fileOf(id) ?? this.#early.get(id)?.file ?? null;
  }

  /** Starts uploads that `autostart: false` has held. @throws TypeError naming an id that is not listed */
  start(id?: string): void {
    this.#release(id);
    this.#listing(id)?.start(id);
  }

  /** Stops sending; stored parts are kept. @throws TypeError naming an id that is not listed */
  pause(id?: string): void {
    for (const early of this.#chosen(id)) this.#update(early, { status: 'paused', waitingFor: null, retryAt: null });
    this.#listing(id)?.pause(id);
  }

  /**
   * Resumes paused uploads, or one whose file was chosen again. Within a user gesture it also requests permission to
   * read files that are known from an earlier page load (`needsPermission`), one after the other, until one is refused.
   * @throws UploadError `file-changed` for another file than the upload's
   * @throws TypeError naming an id that is not listed
   */
  async resume(id?: string, file?: File | FileHandle): Promise<void> {
    this.#release(id);
    await this.#listing(id)?.resume(id, file);
  }

  /**
   * Aborts uploads in this page and on the store, and deletes their records. @throws TypeError naming an id that is not
   * listed
   */
  abort(id?: string): void {
    const manager = this.#listing(id);
    this.#abortEarly(id);
    manager?.abort(id);
  }

  /** Retries failed uploads, and waiting ones at once. @throws TypeError naming an id that is not listed */
  retry(id?: string): void {
    const manager = this.#listing(id);
    this.#release(id);
    this.#wake();
    manager?.retry(id);
  }

  /** Removes an upload that has ended from the list. */
  dismiss(id: string): void {
    this.#manager?.dismiss(id);
  }

  /** Removes all uploads that have ended from the list. */
  clear(): void {
    this.#manager?.clear();
  }

  /** Resolves when every upload has ended. Paused uploads, and uploads whose file is missing, keep it pending. */
  async finished(): Promise<UploadSnapshot[]> {
    return (this.#manager ?? (await this.#load())).finished();
  }

  /**
   * Ends every upload of this scope in this page, and deletes their records and files from the browser. Call it at
   * sign-out.
   * @throws UploadError `engine-not-loaded` if the code that deletes them cannot be loaded; they are deleted once it is
   */
  async forget(): Promise<void> {
    this.#abortEarly();
    if (this.#manager) {
      await this.#manager.forget();
      return;
    }
    const isMissing = new Promise<never>((_, reject) => this.#onFailure.add(reject));
    await Promise.race([isMissing, this.#load().then((manager) => manager.forget())]);
  }

  /**
   * Pauses running uploads, and lets other tabs resume them. `attach()` resumes them in this page.
   * @returns ids of the uploads that it paused
   */
  detach(): string[] {
    this.#isDetached = true;
    return this.#manager?.detach() ?? [];
  }

  /**
   * Undoes `detach()`. If the signer has named a user and no `scope` is set, the signer is asked first whether that
   * user is still signed in; if not, the uploads end as at `mule-owner-change`.
   * @param ids what `detach()` returned
   * @returns true if no call was needed; else a promise of whether the user is the same
   */
  attach(ids: readonly string[]): true | Promise<boolean> {
    this.#isDetached = false;
    return this.#manager?.attach(ids) ?? true;
  }

  /** Stops everything and removes all listeners; the journal keeps unfinished uploads. */
  dispose(): void {
    this.#isDisposed = true;
    this.#early.clear();
    this.#manager?.dispose();
  }

  /** Returns null while the code that runs it is not loaded. @throws TypeError naming an id that is not listed */
  #listing(id: string | undefined): UploadManager | null {
    if (this.#chosen(id).length) return id === undefined ? this.#manager : null;
    if (!this.#manager && id !== undefined) throw new TypeError(`there is no upload "${id}"`);
    return this.#manager;
  }

  #load(): Promise<UploadManager> {
    this.#loading ??= this.#fetchCode().then(({ createManager }) => {
      this.#manager = createManager(this.#options, this.#ports, (type, detail) => this.#dispatch(type, detail));
      if (this.#isDisposed) this.#manager.dispose();
      else if (this.#isDetached) this.#manager.detach();
      return this.#manager;
    });
    return this.#loading;
  }

  #dispatch<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): boolean {
    return this.dispatchEvent(new CustomEvent(type, { detail, cancelable: GATES.has(type) }));
  }

  /** Loads the code, and retries without end: the page may have lost its network while it was loading. */
  async #fetchCode(): Promise<{ createManager: typeof CreateManager }> {
    for (let wait = FIRST_DELAY_MS; ; wait = Math.min(wait * 2, MAX_DELAY_MS)) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silence = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('no answer')), LOAD_TIMEOUT_MS);
      });
      try {
        return await Promise.race([import('./create-manager.js'), silence]);
      } catch (error) {
        if (!this.#failures++)
          console.warn('mule-upload: a part of its code could not be loaded; nothing is sent until it can be.', error);
        if (this.#failures >= FAILURES_UNTIL_REPORT)
          for (const report of this.#onFailure) report(new UploadError('engine-not-loaded', NOT_FORGOTTEN));
        this.#retryAt = Date.now() + wait;
        this.#showWait();
        await this.#delay(wait);
      } finally {
        clearTimeout(timer);
      }
    }
  }

  #delay(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        globalThis.removeEventListener?.('online', go);
        resolve();
      };
      const timer = setTimeout(go, milliseconds);
      globalThis.addEventListener?.('online', go);
      this.#wake = go;
    });
  }

  // ---- Uploads that were added before the code was loaded ----

  /** Returns one of them, or all. */
  #chosen(id?: string): EarlyUpload[] {
    return [...this.#early.values()].filter(
      ({ snapshot }) => !this.#manager?.has(snapshot.id) && (id === undefined || id === snapshot.id),
    );
  }

  #list(entry: Entry): void {
    const { file, relativePath = '' } = entry;
    const { name, size, type, lastModified } = file;
    const id = (entry.id = newId());
    const snapshot = Object.freeze({ ...NOT_BEGUN, id, name, size, type, lastModified, relativePath });
    this.#early.set(id, { file, entry, snapshot });
  }

  /** Shows that the code could not be loaded so far; dispatches `mule-error` after some failures. */
  #showWait(): void {
    if (!this.#failures) return;
    for (const early of this.#chosen()) {
      const { status, name, error: reported } = early.snapshot;
      if (status === 'paused') continue;
      const message = `“${name}”: a part of the page could not be loaded. Retrying; if this message stays, reload the page.`;
      const error =
        reported
        ?? (this.#failures < FAILURES_UNTIL_REPORT
          ? null
          : new UploadError('engine-not-loaded', message, { retryable: true }));
      this.#update(early, { status: 'waiting', waitingFor: 'engine', retryAt: this.#retryAt, error });
      if (error && !reported) this.#dispatch('mule-error', { upload: early.snapshot, error });
    }
  }

  #update(early: { snapshot: UploadSnapshot }, changes: Partial<UploadSnapshot>): void {
    const { status: previous } = early.snapshot;
    const upload = (early.snapshot = Object.freeze({ ...early.snapshot, ...changes }));
    if (upload.status !== previous) this.#dispatch('mule-status', { upload, previous });
  }

  #release(id?: string): void {
    for (const early of this.#chosen(id))
      if (early.snapshot.status === 'paused') this.#update(early, { status: 'queued' });
    this.#showWait();
  }

  #abortEarly(id?: string): void {
    for (const early of this.#chosen(id)) {
      this.#early.delete(early.snapshot.id);
      // it may be passed to the manager at this moment
      early.entry.isAborted = true;
      this.#update(early, { status: 'aborted', waitingFor: null, retryAt: null });
      this.#dispatch('mule-abort', { upload: early.snapshot });
    }
  }
}

/** Returns the snapshot of an upload that waits for the code, without the properties of its file. */
const NOT_BEGUN = {
  status: 'queued',
  waitingFor: null,
  loaded: 0,
  ratio: 0,
  speed: 0,
  eta: null,
  parts: Object.freeze({ total: 0, done: 0, size: 0 }),
  retries: 0,
  retryAt: null,
  key: null,
  uploadId: null,
  etag: null,
  location: null,
  checksum: null,
  integrity: null,
  receipt: null,
  error: null,
  recovered: false,
  needsFile: false,
  needsPermission: false,
  found: false,
} as const;
