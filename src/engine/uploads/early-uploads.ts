import { UploadError } from '../api/errors.js';
import type { TotalProgress, UploadSnapshot, UploaderEventMap, UploaderStatus, UploadStatus } from '../api/types.js';
import { NO_PROGRESS } from '../api/status.js';
import type { Entry } from '../files/file-entries.js';
import type { ModuleLoader } from '../util/module-loader.js';
import { newId } from '../util/new-id.js';

/** An upload that was added before the engine's code was loaded. */
interface EarlyUpload {
  readonly file: File;
  readonly entry: Entry;
  snapshot: UploadSnapshot;
}

type Dispatch = <K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']) => void;

/** How often loading the engine's code has failed, and when it is requested again. */
export type LoadState = Pick<ModuleLoader<unknown>, 'failures' | 'failsRepeatedly' | 'retryAt'>;

/** Lists and controls the uploads that were added before the engine's code was loaded. */
export class EarlyUploads {
  readonly #byId = new Map<string, EarlyUpload>();

  /** @param isListed whether the engine, once loaded, lists the upload */
  constructor(
    private readonly loadState: LoadState,
    private readonly isListed: (id: string) => boolean,
    private readonly dispatch: Dispatch,
  ) {}

  /** Returns one early upload, or all of them, without those that the engine lists. */
  select(id?: string): EarlyUpload[] {
    return [...this.#byId.values()].filter(
      ({ snapshot }) => !this.isListed(snapshot.id) && (id === undefined || id === snapshot.id),
    );
  }

  /** Finds an early upload, also if the engine lists it. */
  find(id: string): EarlyUpload | undefined {
    return this.#byId.get(id);
  }

  get snapshots(): UploadSnapshot[] {
    return this.select().map(({ snapshot }) => snapshot);
  }

  get progress(): TotalProgress {
    return { ...NO_PROGRESS, total: this.snapshots.reduce((sum, { size }) => sum + size, 0) };
  }

  statusOf(autostart: boolean): UploaderStatus {
    const has = (status: UploadStatus): boolean => this.snapshots.some((snapshot) => snapshot.status === status);
    if (has('waiting')) return 'waiting';
    if (has('queued') && autostart) return 'uploading';
    return has('paused') ? 'paused' : 'idle';
  }

  /** Adds an upload for each valid entry, and sets the ID of the entry. */
  add(entries: readonly Entry[]): void {
    for (const entry of entries) if (!entry.fault) this.#addEntry(entry);
    this.showLoadFailure();
  }

  /** Removes the uploads of entries that the engine has added. */
  remove(entries: readonly Entry[]): void {
    for (const { id = '' } of entries) this.#byId.delete(id);
  }

  clear(): void {
    this.#byId.clear();
  }

  pause(id?: string): void {
    for (const early of this.select(id)) this.#update(early, 'paused');
  }

  /** Lets the engine start uploads although `autostart` is off. */
  start(id?: string): void {
    for (const { entry } of this.select(id)) entry.isStarted = true;
  }

  /** Queues paused uploads again. */
  resume(id?: string): void {
    for (const early of this.select(id))
      if (early.snapshot.status === 'paused') {
        early.entry.isStarted = true;
        this.#update(early, 'queued');
      }
    this.showLoadFailure();
  }

  abort(id?: string): void {
    for (const early of this.select(id)) {
      this.#byId.delete(early.snapshot.id);
      early.entry.isAborted = true;
      this.#update(early, 'aborted');
      this.dispatch('mule-abort', { upload: early.snapshot });
    }
  }

  /** Shows uploads as waiting if the code could not be loaded; dispatches `mule-error` if it fails repeatedly. */
  showLoadFailure(): void {
    const { failures, failsRepeatedly, retryAt } = this.loadState;
    if (!failures) return;
    for (const early of this.select()) {
      const { status, name, error: reportedError } = early.snapshot;
      if (status === 'paused') continue;
      const error = reportedError ?? (failsRepeatedly ? createLoadError(name) : null);
      this.#update(early, 'waiting', { waitingFor: 'engine', retryAt, error });
      if (error && !reportedError) this.dispatch('mule-error', { upload: early.snapshot, error });
    }
  }

  #addEntry(entry: Entry): void {
    const { file, relativePath = '' } = entry;
    const { name, size, type, lastModified } = file;
    const id = (entry.id = newId());
    const snapshot = Object.freeze({ ...INITIAL_SNAPSHOT, id, name, size, type, lastModified, relativePath });
    this.#byId.set(id, { file, entry, snapshot });
  }

  #update(early: EarlyUpload, status: UploadStatus, changes: Partial<UploadSnapshot> = NO_WAIT): void {
    const { status: previous } = early.snapshot;
    // the engine may be adding the entry, and reads this to decide whether to start it
    early.entry.isPaused = status === 'paused';
    const upload = (early.snapshot = Object.freeze({ ...early.snapshot, status, ...changes }));
    if (upload.status !== previous) this.dispatch('mule-status', { upload, previous });
  }
}

const createLoadError = (name: string): UploadError =>
  new UploadError(
    'engine-not-loaded',
    `“${name}”: a part of the page could not be loaded. Retrying; if this message stays, reload the page.`,
    { retryable: true },
  );

const NO_WAIT = { waitingFor: null, retryAt: null } as const;

/** The snapshot of an early upload, without the properties of its file. */
const INITIAL_SNAPSHOT = {
  ...NO_WAIT,
  status: 'queued',
  loaded: 0,
  ratio: 0,
  speed: 0,
  eta: null,
  parts: Object.freeze({ total: 0, done: 0, size: 0 }),
  retries: 0,
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
