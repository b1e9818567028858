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

const FORGET_PENDING_MESSAGE =
  'Uploads of this user are not deleted from this browser yet: a part of the page could not be loaded. They are deleted as soon as it is loaded.';
const CANCELABLE_EVENTS: ReadonlySet<string> = new Set(['mule-before-add', 'mule-before-upload']);
const NO_UPLOADS: readonly UploadSnapshot[] = Object.freeze([]);

/** Loads the engine's code, for all uploaders of the page. */
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
 * Uploads files to S3 by multipart upload, and resumes after every failure; a signer signs each request. The constructor
 * requests the engine's code; files that are added before it is loaded are listed and wait.
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
  #lastUploads = NO_UPLOADS;

  /**
   * @param ports replace the browser's own clock, network, storage …
   * @throws TypeError naming option and value
   */
  constructor(options: UploaderOptions = {}, ports: Partial<Ports> = {}) {
    super();
    this.#options = mergeOptions(engineDefaults, options);
    this.#ports = ports;
    codeLoader.onFailure(() => this.#early.showLoadFailure());
    // in a microtask, so that the caller can add its listeners first
    queueMicrotask(() => void this.ready);
  }

  get options(): Readonly<ResolvedOptions> {
    return this.#options;
  }

  /**
   * Snapshots in the order of adding, as a frozen array. The array, and each snapshot, is the same object until it changes.
   */
  get uploads(): readonly UploadSnapshot[] {
    const { uploads = NO_UPLOADS } = this.#manager ?? {};
    const early = this.#early.snapshots;
    if (!early.length) return uploads;
    const all = [...uploads, ...early];
    const isSame =
      all.length === this.#lastUploads.length && all.every((one, index) => one === this.#lastUploads[index]);
    return isSame ? this.#lastUploads : (this.#lastUploads = Object.freeze(all));
  }

  /** Totals over all uploads that were not aborted; over the early list until the engine is loaded. */
  get progress(): TotalProgress {
    return (this.#manager ?? this.#early).progress;
  }

  get status(): UploaderStatus {
    const { status = 'idle' } = this.#manager ?? {};
    return status === 'idle' ? this.#early.statusOf(this.#options.autostart) : status;
  }

  /** Resolves when unfinished uploads of earlier page loads are listed, or when that takes longer than some seconds. */
  get ready(): Promise<void> {
    return this.#manager?.ready ?? this.#load().then((manager) => manager.ready);
  }

  /** Whether an upload is listed. */
  has(id: string): boolean {
    return Boolean(this.#early.find(id) ?? this.#manager?.has(id));
  }

  /**
   * Changes some options; running uploads use them from their next step. Uploads resume if they have waited or failed
   * because an option was missing or too low (`no-signer`, `too-many-retries`).
   * @throws TypeError naming option and value
   */
  configure(changes: UploaderOptions): void {
    const before = this.#options;
    this.#options = mergeOptions(before, changes);
    if (this.#manager) this.#manager.configure(this.#options, changes);
    // the first scope that the page sets also applies to files that were added before
    else if (before.scope && isOtherOwner(before, this.#options)) this.#early.abort();
  }

  /**
   * Adds files. The file of an unfinished upload resumes that upload.
   * @returns snapshots of the added files; for each other file, `mule-reject` is dispatched
   */
  async add(files: Iterable<File | Blob | FileEntry>, rules?: Rules): Promise<UploadSnapshot[]> {
    // a copy, because the page may empty its list meanwhile
    const entries = listOf(files).map(entryOf);
    if (this.#manager) return this.#manager.add(entries, rules);
    this.#early.add(entries);
    const manager = await this.#load();
    // without files that were aborted meanwhile; files that are rejected have no ID
    const wanted = entries.filter(({ id }) => !id || this.#early.find(id));
    try {
      return await manager.add(wanted, rules);
    } finally {
      this.#early.remove(wanted);
    }
  }

  /**
   * Returns the state of each part of an upload, for a display of parts. `mule-part` reports
   * each stored part; no event reports other changes of these states.
   * @returns one byte for each part, in order: 0 not sent, 1 in flight, 2 stored; null if the upload has not started, or
   * another tab sends it
   * @throws TypeError naming an id that is not listed
   */
  partStates(id: string): Uint8Array | null {
    return this.#managerOf(id)?.partStates(id) ?? null;
  }

  /** Returns an upload's file; null if it has to be chosen again. @throws TypeError naming an id that is not listed */
  fileOf(id: string): File | null {
    return this.#managerOf(id)?.fileOf(id) ?? this.#early.find(id)?.file ?? null;
  }

  /** Starts uploads that wait because of `autostart: false`. @throws TypeError naming an id that is not listed */
  start(id?: string): void {
    this.#early.start(id);
    this.#managerOf(id)?.start(id);
  }

  /** Stops sending; stored parts are kept. @throws TypeError naming an id that is not listed */
  pause(id?: string): void {
    this.#early.pause(id);
    this.#managerOf(id)?.pause(id);
  }

  /**
   * Resumes paused uploads, or one upload with its file. Within a user gesture it also requests permission to read the
   * files of uploads with `needsPermission`, one after the other, until the user refuses one.
   * @throws UploadError `file-changed` if `file` is not the upload's file
   * @throws TypeError naming an id that is not listed
   */
  async resume(id?: string, file?: File | FileHandle): Promise<void> {
    this.#early.resume(id);
    await this.#managerOf(id)?.resume(id, file);
  }

  /**
   * Aborts uploads in this page and on the store, and deletes their records. @throws TypeError naming an id that is not
   * listed
   */
  abort(id?: string): void {
    // first, because the early list does not know an aborted upload
    const manager = this.#managerOf(id);
    this.#early.abort(id);
    manager?.abort(id);
  }

  /** Retries failed and waiting uploads at once. @throws TypeError naming an id that is not listed */
  retry(id?: string): void {
    codeLoader.retryNow();
    this.#managerOf(id)?.retry(id);
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
   * @throws UploadError `engine-not-loaded` if the code that deletes them cannot be loaded; they are deleted once it is.
   *   Another error if the browser does not delete them: call it again
   */
  async forget(): Promise<void> {
    this.#early.abort();
    if (this.#manager) {
      await this.#manager.forget();
      return;
    }
    const loadFailure = new Promise<never>((_, reject) => {
      codeLoader.onFailure(() => {
        if (codeLoader.failsRepeatedly) reject(new UploadError('engine-not-loaded', FORGET_PENDING_MESSAGE));
      });
    });
    await Promise.race([loadFailure, this.#load().then((manager) => manager.forget())]);
  }

  /**
   * Pauses running and queued uploads, and lets other tabs resume them. `attach()` resumes them in this page.
   * @returns ids of the uploads that it paused
   */
  detach(): string[] {
    this.#isDetached = true;
    return this.#manager?.detach() ?? [];
  }

  /**
   * Undoes `detach()`. If the signer has named a user and no `scope` is set, it first asks the signer whether that user
   * is still signed in. If not, the uploads end with `mule-owner-change`.
   * @param ids what `detach()` returned
   * @returns true if it did not ask the signer; else a promise of whether the user is the same
   */
  attach(ids: readonly string[]): true | Promise<boolean> {
    this.#isDetached = false;
    return this.#manager?.attach(ids) ?? true;
  }

  /** Stops everything, and stops listening to events of the page; the journal keeps unfinished uploads. */
  dispose(): void {
    this.#isDisposed = true;
    this.#early.clear();
    this.#manager?.dispose();
  }

  /**
   * Returns the manager that lists an upload; null if the upload is on the early list. Without an ID, returns the manager;
   * null until the code is loaded.
   * @throws TypeError naming an id that is not listed
   */
  #managerOf(id: string | undefined): UploadManager | null {
    if (id !== undefined && this.#early.select(id).length) return null;
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
    return this.dispatchEvent(new CustomEvent(type, { detail, cancelable: CANCELABLE_EVENTS.has(type) }));
  }
}
