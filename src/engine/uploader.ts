import { entryOf, listOf } from './files/file-entries.js';
import type { Rules } from './files/file-entries.js';
import { UploadError } from './api/errors.js';
import { engineDefaults, isOtherOwner, mergeOptions } from './api/options.js';
import type { ResolvedOptions } from './api/options.js';
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
import type { UploadManager } from './manager.js';
import { EarlyUploads } from './uploads/early-uploads.js';
import { ModuleLoader } from './util/module-loader.js';
import { pageTimers } from './util/page-timers.js';

const NOT_FORGOTTEN =
  'Uploads of this user are not deleted from this browser yet: a part of the page could not be loaded. They are deleted once it is.';
const GATES: ReadonlySet<string> = new Set(['mule-before-add', 'mule-before-upload']);
const NO_UPLOADS: readonly UploadSnapshot[] = Object.freeze([]);

/** The engine's code, for all uploaders of the page. */
const codeLoader = new ModuleLoader(() => import('./create-manager.js'), pageTimers);

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
  readonly #early = new EarlyUploads(
    codeLoader,
    (id) => this.#manager?.has(id) ?? false,
    (type, detail) => this.#dispatch(type, detail),
  );
  #uploads = NO_UPLOADS;

  /**
   * @param ports stand in for the browser's own clock, network, storage …
   * @throws TypeError naming option and value
   */
  constructor(options: UploaderOptions = {}, ports: Partial<Ports> = {}) {
    super();
    this.#options = mergeOptions(engineDefaults, options);
    this.#ports = ports;
    codeLoader.onFailure(() => this.#early.showWait());
    // after the caller of the constructor has added its listeners
    queueMicrotask(() => void this.ready);
  }

  get options(): Readonly<ResolvedOptions> {
    return this.#options;
  }

  /**
   * Snapshots in the order of adding. A snapshot is the same object until it changes; so is the array, which is frozen.
   */
  get uploads(): readonly UploadSnapshot[] {
    const { uploads = NO_UPLOADS } = this.#manager ?? {};
    const early = this.#early.snapshots;
    if (!early.length) return uploads;
    const all = [...uploads, ...early];
    const isSame = all.length === this.#uploads.length && all.every((one, index) => one === this.#uploads[index]);
    return isSame ? this.#uploads : (this.#uploads = Object.freeze(all));
  }

  /** Totals over all uploads that were not aborted. */
  get progress(): TotalProgress {
    return (this.#manager ?? this.#early).progress;
  }

  get status(): UploaderStatus {
    const { status = 'idle' } = this.#manager ?? {};
    return status === 'idle' ? this.#early.statusOf(this.#options.autostart) : status;
  }

  /** Resolves when the journal has been read: unfinished uploads of earlier page loads are listed. */
  get ready(): Promise<void> {
    return this.#manager?.ready ?? this.#load().then((manager) => manager.ready);
  }

  /** Whether an upload is listed. */
  has(id: string): boolean {
    return Boolean(this.#early.find(id) ?? this.#manager?.has(id));
  }

  /**
   * Changes some options; running uploads use them from their next step. Uploads that wait, are held, or have failed for
   * lack of an option (`no-signer`, `too-many-retries`) resume once it is set.
   * @throws TypeError naming option and value
   */
  configure(changes: UploaderOptions): void {
    const before = this.#options;
    this.#options = mergeOptions(before, changes);
    if (this.#manager) this.#manager.configure(this.#options, changes);
    // the first scope that is set is that of the files added before it
    else if (before.scope && isOtherOwner(before, this.#options)) this.#early.abort();
  }

  /**
   * Adds files. The file of an unfinished upload resumes that upload.
   * @returns snapshots of the added files; `mule-reject` is fired for each other file
   */
  async add(files: Iterable<File | Blob | FileEntry>, rules?: Rules): Promise<UploadSnapshot[]> {
    // copied, because the page may empty its list
    const entries = listOf(files).map(entryOf);
    if (this.#manager) return this.#manager.add(entries, rules);
    this.#early.add(entries);
    const manager = await this.#load();
    // a file that was aborted meanwhile is not listed any more
    const wanted = entries.filter(({ id }) => !id || this.#early.find(id));
    try {
      return await manager.add(wanted, rules);
    } finally {
      this.#early.remove(wanted);
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
    return this.#listing(id)?.fileOf(id) ?? this.#early.find(id)?.file ?? null;
  }

  /** Starts uploads that `autostart: false` has held. @throws TypeError naming an id that is not listed */
  start(id?: string): void {
    this.#early.release(id);
    this.#listing(id)?.start(id);
  }

  /** Stops sending; stored parts are kept. @throws TypeError naming an id that is not listed */
  pause(id?: string): void {
    this.#early.pause(id);
    this.#listing(id)?.pause(id);
  }

  /**
   * Resumes paused uploads, or one whose file was chosen again. Within a user gesture it also requests permission to
   * read files that are known from an earlier page load (`needsPermission`), one after the other, until one is refused.
   * @throws UploadError `file-changed` for another file than the upload's
   * @throws TypeError naming an id that is not listed
   */
  async resume(id?: string, file?: File | FileHandle): Promise<void> {
    this.#early.release(id);
    await this.#listing(id)?.resume(id, file);
  }

  /**
   * Aborts uploads in this page and on the store, and deletes their records. @throws TypeError naming an id that is not
   * listed
   */
  abort(id?: string): void {
    const manager = this.#listing(id);
    this.#early.abort(id);
    manager?.abort(id);
  }

  /** Retries failed uploads, and waiting ones at once. @throws TypeError naming an id that is not listed */
  retry(id?: string): void {
    const manager = this.#listing(id);
    this.#early.release(id);
    codeLoader.retryNow();
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
    this.#early.abort();
    if (this.#manager) {
      await this.#manager.forget();
      return;
    }
    const isMissing = new Promise<never>((_, reject) => {
      codeLoader.onFailure(() => {
        if (codeLoader.failsRepeatedly) reject(new UploadError('engine-not-loaded', NOT_FORGOTTEN));
      });
    });
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
    if (this.#early.chosen(id).length) return id === undefined ? this.#manager : null;
    if (!this.#manager && id !== undefined) throw new TypeError(`there is no upload "${id}"`);
    return this.#manager;
  }

  #load(): Promise<UploadManager> {
    return (this.#loading ??= codeLoader.load().then(({ createManager }) => {
      this.#manager = createManager(this.#options, this.#ports, (type, detail) => this.#dispatch(type, detail));
      if (this.#isDisposed) this.#manager.dispose();
      else if (this.#isDetached) this.#manager.detach();
      return this.#manager;
    }));
  }

  #dispatch<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): boolean {
    return this.dispatchEvent(new CustomEvent(type, { detail, cancelable: GATES.has(type) }));
  }
}
