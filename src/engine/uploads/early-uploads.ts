import { UploadError } from '../api/errors.js';
import type { TotalProgress, UploadSnapshot, UploaderEventMap, UploaderStatus } from '../api/types.js';
import { NO_PROGRESS } from '../api/status.js';
import type { Entry } from '../files/file-entries.js';
import { newId } from '../util/new-id.js';

/** Failures to load the engine before an error is dispatched. */
export const FAILURES_UNTIL_REPORT = 2;

/** An upload that is listed before the engine's code is loaded. */
interface EarlyUpload {
  readonly file: File;
  readonly entry: Entry;
  snapshot: UploadSnapshot;
}

/** The members of the uploader that its early uploads use. */
export interface EarlyUploadHooks {
  /** Whether the loaded engine has listed the upload by now. */
  isListed(id: string): boolean;
  dispatch<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): void;
}

/** Why the engine's code is not there: failures so far, and when it is requested again. */
export interface LoadState {
  readonly failures: number;
  readonly retryAt: number | null;
}

/** Uploads that were added before the engine's code was loaded: listed, and controlled as the others are. */
export class EarlyUploads {
  readonly #all = new Map<string, EarlyUpload>();

  constructor(
    private readonly loadState: LoadState,
    private readonly hooks: EarlyUploadHooks,
  ) {}

  /** Returns one of them, or all, without those that the engine has listed. */
  chosen(id?: string): EarlyUpload[] {
    return [...this.#all.values()].filter(
      ({ snapshot }) => !this.hooks.isListed(snapshot.id) && (id === undefined || id === snapshot.id),
    );
  }

  has(id: string): boolean {
    return this.#all.has(id);
  }

  fileOf(id: string): File | null {
    return this.#all.get(id)?.file ?? null;
  }

  get snapshots(): UploadSnapshot[] {
    return this.chosen().map(({ snapshot }) => snapshot);
  }

  get progress(): TotalProgress {
    return { ...NO_PROGRESS, total: this.snapshots.reduce((sum, { size }) => sum + size, 0) };
  }

  statusOf(autostart: boolean): UploaderStatus {
    const all = this.snapshots.map(({ status }) => status);
    if (all.includes('waiting')) return 'waiting';
    if (all.includes('queued') && autostart) return 'uploading';
    return all.includes('paused') ? 'paused' : 'idle';
  }

  /** Lists the files of these entries, and gives each entry the ID of its upload. */
  add(entries: readonly Entry[]): void {
    for (const entry of entries) if (!entry.fault) this.#list(entry);
    this.showWait();
  }

  /** Removes uploads that the engine has added. @returns IDs of those that were paused */
  remove(entries: readonly Entry[]): string[] {
    const paused: string[] = [];
    for (const { id = '' } of entries) {
      if (this.#all.get(id)?.snapshot.status === 'paused') paused.push(id);
      this.#all.delete(id);
    }
    return paused;
  }

  clear(): void {
    this.#all.clear();
  }

  pause(id?: string): void {
    for (const early of this.chosen(id)) this.#update(early, { status: 'paused', waitingFor: null, retryAt: null });
  }

  /** Queues paused uploads again. */
  release(id?: string): void {
    for (const early of this.chosen(id))
      if (early.snapshot.status === 'paused') this.#update(early, { status: 'queued' });
    this.showWait();
  }

  abort(id?: string): void {
    for (const early of this.chosen(id)) {
      this.#all.delete(early.snapshot.id);
      // it may be passed to the engine at this moment
      early.entry.isAborted = true;
      this.#update(early, { status: 'aborted', waitingFor: null, retryAt: null });
      this.hooks.dispatch('mule-abort', { upload: early.snapshot });
    }
  }

  /** Shows that the code could not be loaded so far; dispatches `mule-error` after some failures. */
  showWait(): void {
    const { failures, retryAt } = this.loadState;
    if (!failures) return;
    for (const early of this.chosen()) {
      const { status, name, error: reported } = early.snapshot;
      if (status === 'paused') continue;
      const error = reported ?? (failures < FAILURES_UNTIL_REPORT ? null : notLoaded(name));
      this.#update(early, { status: 'waiting', waitingFor: 'engine', retryAt, error });
      if (error && !reported) this.hooks.dispatch('mule-error', { upload: early.snapshot, error });
    }
  }

  #list(entry: Entry): void {
    const { file, relativePath = '' } = entry;
    const { name, size, type, lastModified } = file;
    const id = (entry.id = newId());
    const snapshot = Object.freeze({ ...NOT_BEGUN, id, name, size, type, lastModified, relativePath });
    this.#all.set(id, { file, entry, snapshot });
  }

  #update(early: { snapshot: UploadSnapshot }, changes: Partial<UploadSnapshot>): void {
    const { status: previous } = early.snapshot;
    const upload = (early.snapshot = Object.freeze({ ...early.snapshot, ...changes }));
    if (upload.status !== previous) this.hooks.dispatch('mule-status', { upload, previous });
  }
}

const notLoaded = (name: string): UploadError =>
  new UploadError(
    'engine-not-loaded',
    `“${name}”: a part of the page could not be loaded. Retrying; if this message stays, reload the page.`,
    { retryable: true },
  );

/** The snapshot of an upload that waits for the code, without the properties of its file. */
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
