import { FINAL_STATUSES, isRunning } from '../api/status.js';
import type { TotalProgress, UploadSnapshot, UploadStatus } from '../api/types.js';
import type { Upload } from './upload.js';
import { UploadTotals } from './upload-totals.js';
import type { UploadFacts } from '../model/upload-record.js';

/** The uploads in the order of adding, indexed by status and by file, with their snapshots and total progress. */
export class UploadList {
  readonly #all = new Map<string, Upload>();
  /** Uploads by status, so that no query costs more with 10,000 uploads than with ten. */
  readonly #byStatus = new Map<UploadStatus, Set<Upload>>();
  /** The values by which each upload is indexed: its name and size change if a new version of its file is sent. */
  readonly #indexed = new Map<Upload, { status: UploadStatus; facts: UploadFacts }>();
  /** Uploads of the same name, size, time and folder. */
  readonly #sameFile = new Map<string, Set<Upload>>();
  readonly #running = new Set<Upload>();
  readonly #totals = new UploadTotals();
  #snapshots: readonly UploadSnapshot[] = [];

  get all(): Upload[] {
    return [...this.#all.values()];
  }

  /** The uploads that run: the same set for the lifetime of the list. */
  get running(): ReadonlySet<Upload> {
    return this.#running;
  }

  /** Returns the uploads with a status, in no particular order. */
  withStatus(status: UploadStatus): ReadonlySet<Upload> {
    return this.#byStatus.get(status) ?? NO_UPLOADS;
  }

  /** Number of uploads that count for `maxFiles`: all but the aborted and the failed. */
  get listedCount(): number {
    return this.#all.size - this.withStatus('aborted').size - this.withStatus('failed').size;
  }

  /** Returns the uploads of files with this name, size, time and folder. */
  duplicatesOf(facts: DuplicateFacts): ReadonlySet<Upload> {
    return this.#sameFile.get(duplicateKey(facts)) ?? NO_UPLOADS;
  }

  /** Whether every upload has ended. */
  get isFinished(): boolean {
    return this.#all.size === FINAL_STATUSES.reduce((sum, status) => sum + this.withStatus(status).size, 0);
  }

  /** Snapshots in the order of adding; the same array until one of them changes. */
  get snapshots(): readonly UploadSnapshot[] {
    const last = this.#snapshots;
    const now = this.all.map(({ snapshot }) => snapshot);
    if (now.length === last.length && now.every((snapshot, index) => snapshot === last[index])) return last;
    return (this.#snapshots = Object.freeze(now));
  }

  snapshotsOf(status: UploadStatus): UploadSnapshot[] {
    return this.snapshots.filter((snapshot) => snapshot.status === status);
  }

  /** Records that the snapshot of an upload has changed. */
  markChanged(upload: Upload): void {
    if (this.includes(upload)) this.#totals.markChanged(upload);
  }

  get progress(): TotalProgress {
    return this.#totals.compute(this.#running);
  }

  has(id: string): boolean {
    return this.#all.has(id);
  }

  /** Whether this upload is listed, and not only another one with its ID, which the journal may restore. */
  includes(upload: Upload): boolean {
    return this.#all.get(upload.id) === upload;
  }

  /** @throws TypeError naming the id */
  find(id: string): Upload {
    const upload = this.#all.get(id);
    if (!upload) throw new TypeError(`there is no upload "${id}"`);
    return upload;
  }

  /** Returns one upload, or all of them. @throws TypeError naming an ID that is not listed */
  select(id: string | undefined): Upload[] {
    return id === undefined ? this.all : [this.find(id)];
  }

  add(upload: Upload): void {
    this.#all.set(upload.id, upload);
    this.reindex(upload);
  }

  remove(upload: Upload): void {
    this.#all.delete(upload.id);
    this.#running.delete(upload);
    this.#unindex(upload);
    this.#totals.remove(upload);
  }

  /** Indexes an upload again, after its status has changed. */
  reindex(upload: Upload): void {
    this.markChanged(upload);
    const indexed = this.#indexed.get(upload);
    const { status, facts } = upload;
    if (indexed && indexed.facts === facts) removeFromSet(this.#byStatus, indexed.status, upload);
    else {
      this.#unindex(upload);
      addToSet(this.#sameFile, duplicateKey(facts), upload);
    }
    addToSet(this.#byStatus, status, upload);
    this.#indexed.set(upload, { status, facts });
    if (isRunning(upload.status)) this.#running.add(upload);
    else this.#running.delete(upload);
  }

  #unindex(upload: Upload): void {
    const indexed = this.#indexed.get(upload);
    if (!indexed) return;
    removeFromSet(this.#byStatus, indexed.status, upload);
    removeFromSet(this.#sameFile, duplicateKey(indexed.facts), upload);
    this.#indexed.delete(upload);
  }
}

const NO_UPLOADS: ReadonlySet<Upload> = new Set();

/** The properties that are equal for two uploads of the same file. */
export type DuplicateFacts = Pick<UploadFacts, 'name' | 'size' | 'lastModified' | 'relativePath'>;

const duplicateKey = ({ name, size, lastModified, relativePath }: DuplicateFacts): string =>
  [size, lastModified, relativePath, name].join('\n');

function addToSet<K>(sets: Map<K, Set<Upload>>, key: K, upload: Upload): void {
  const set = sets.get(key);
  if (set) set.add(upload);
  else sets.set(key, new Set([upload]));
}

function removeFromSet<K>(sets: Map<K, Set<Upload>>, key: K, upload: Upload): void {
  const set = sets.get(key);
  set?.delete(upload);
  if (!set?.size) sets.delete(key);
}
