import { UploadError } from '../api/errors.js';
import type { TotalProgress, UploadSnapshot, UploaderEventMap, UploaderStatus, UploadStatus } from '../api/types.js';
import { NO_PROGRESS } from '../api/status.js';
import type { Entry } from '../files/file-entries.js';
import type { ModuleLoader } from '../util/module-loader.js';
import { newId } from '../util/new-id.js';

/** An upload that is listed before the engine's code is loaded. */
interface EarlyUpload {
  readonly file: File;
  readonly entry: Entry;
  snapshot: UploadSnapshot;
}

type Dispatch = <K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']) => void;

/** Why the engine's code is not loaded. */
export type LoadState = Pick<ModuleLoader<unknown>, 'failures' | 'failsRepeatedly' | 'retryAt'>;

/** Uploads that were added before the engine's code was loaded: listed, and controlled as the others are. */
export class EarlyUploads {
  readonly #all = new Map<string, EarlyUpload>();

  /** @param isListed whether the loaded engine has listed the upload by now */
  constructor(
    private readonly loadState: LoadState,
    private readonly isListed: (id: string) => boolean,
    private readonly dispatch: Dispatch,
  ) {}

  /** Returns one of them, or all, without those that the engine has listed. */
  chosen(id?: string): EarlyUpload[] {
    return [...this.#all.values()].filter(
      ({ snapshot }) => !this.isListed(snapshot.id) && (id === undefined || id === snapshot.id),
    );
  }

  /** Returns one of them until it is removed. */
  find(id: string): EarlyUpload | undefined {
    return this.#all.get(id);
  }

  get snapshots(): UploadSnapshot[] {
    return this.chosen().map(({ snapshot }) => snapshot);
  }

  get progress(): TotalProgress {
    return { ...NO_PROGRESS, total: this.snapshots.reduce((sum, { size }) => sum + size, 0) };
  }

  statusOf(autostart: boolean): UploaderStatus {
    const has = (status: UploadStatus): boolean => this.snapshots.some((one) => one.status === status);
    if (has('waiting')) return 'waiting';
    if (has('queued') && autostart) return 'uploading';
    return has('paused') ? 'paused' : 'idle';
  }

  /** Lists the files of the valid entries, and gives each entry the ID of its upload. */
  add(entries: readonly Entry[]): void {
    for (const entry of entries) if (!entry.fault) this.#list(entry);
    this.showWait();
  }

  /** Removes uploads that the engine has added. */
  remove(entries: readonly Entry[]): void {
    for (const { id = '' } of entries) this.#all.delete(id);
  }

  clear(): void {
    this.#all.clear();
  }

  pause(id?: string): void {
    for (const early of this.chosen(id)) this.#update(early, 'paused');
  }

  /** Queues paused uploads again. */
  release(id?: string): void {
    for (const early of this.chosen(id)) if (early.snapshot.status === 'paused') this.#update(early, 'queued');
    this.showWait();
  }

  abort(id?: string): void {
    for (const early of this.chosen(id)) {
      this.#all.delete(early.snapshot.id);
      early.entry.isAborted = true;
      this.#update(early, 'aborted');
      this.dispatch('mule-abort', { upload: early.snapshot });
    }
  }

  /** Shows that the code could not be loaded so far; dispatches `mule-error` after some failures. */
  showWait(): void {
    const { failures, failsRepeatedly, retryAt } = this.loadState;
    if (!failures) return;
    for (const early of this.chosen()) {
      const { status, name, error: reported } = early.snapshot;
      if (status === 'paused') continue;
      const error = reported ?? (failsRepeatedly ? notLoaded(name) : null);
      this.#update(early, 'waiting', { waitingFor: 'engine', retryAt, error });
      if (error && !reported) this.dispatch('mule-error', { upload: early.snapshot, error });
    }
  }

  #list(entry: Entry): void {
    const { file, relativePath = '' } = entry;
    const { name, size, type, lastModified } = file;
    const id = (entry.id = newId());
    const snapshot = Object.freeze({ ...NOT_BEGUN, id, name, size, type, lastModified, relativePath });
    this.#all.set(id, { file, entry, snapshot });
  }

  #update(early: EarlyUpload, status: UploadStatus, wait: Partial<UploadSnapshot> = NO_WAIT): void {
    const { status: previous } = early.snapshot;
    // the engine may be adding it at this moment
    early.entry.isPaused = status === 'paused';
    const upload = (early.snapshot = Object.freeze({ ...early.snapshot, status, ...wait }));
    if (upload.status !== previous) this.dispatch('mule-status', { upload, previous });
  }
}

const notLoaded = (name: string): UploadError =>
  new UploadError(
    'engine-not-loaded',
    `“${name}”: a part of the page could not be loaded. Retrying; if this message stays, reload the page.`,
    { retryable: true },
  );

const NO_WAIT = { waitingFor: null, retryAt: null } as const;

/** The snapshot of an upload that waits for the code, without the properties of its file. */
const NOT_BEGUN = {
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
