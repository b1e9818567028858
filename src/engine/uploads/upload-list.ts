import { DEFAULT_PART_SIZE } from '../../limits.js';
import type { Settings } from '../api/options.js';
import type { Scheduler } from '../network/scheduler.js';
import { FINAL_STATUSES, isRunning } from '../api/status.js';
import type { TotalProgress, UploadSnapshot, UploadStatus, UploaderStatus } from '../api/types.js';
import type { Upload } from './upload.js';
import { UploadTotals } from './upload-totals.js';
import type { UploadFacts } from '../model/upload-record.js';
import type { InitQueue } from '../signing/init-batcher.js';
import { areNotificationsBatched } from '../signing/notifications.js';
import type { NotificationQueue } from '../signing/notification-batcher.js';

/** Maximum number of stored files that wait for their last notification without using a slot. */
const MAX_NOTIFYING = 1_000;

/** The list of uploads, and the queue. Large files start in order; small files start beside them. */
export class UploadList implements InitQueue, NotificationQueue {
  readonly #scheduler: Scheduler;
  readonly #settings: Settings;
  readonly #all = new Map<string, Upload>();
  /** Uploads by status, so that no query costs more with 10,000 uploads than with ten. */
  readonly #byStatus = new Map<UploadStatus, Set<Upload>>();
  /** The values by which each upload is indexed: its name and size change if a new version of its file is sent. */
  readonly #indexed = new Map<Upload, { status: UploadStatus; facts: UploadFacts }>();
  /** Uploads of the same name, size, time and folder. */
  readonly #sameFile = new Map<string, Set<Upload>>();
  readonly #small = new Set<Upload>();
  readonly #large = new Set<Upload>();
  readonly #running = new Set<Upload>();
  readonly #totals = new UploadTotals();
  #snapshots: readonly UploadSnapshot[] = [];
  #isStartDue = false;
  /** Whether no upload may start, because the element has left the page, or the uploader is disposed of. */
  isPaused = false;
  /** Number of pending calls of `add`. */
  addCalls = 0;

  constructor(scheduler: Scheduler, settings: Settings) {
    this.#scheduler = scheduler;
    this.#settings = settings;
  }

  get all(): Upload[] {
    return [...this.#all.values()];
  }

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

  /** Returns the uploads that have just started, then the queued small files. */
  *upcoming(): Generator<Upload> {
    for (const upload of this.#running) if (upload.status === 'starting') yield upload;
    yield* this.#small;
  }

  /** Number of uploads that wait in the queue for a slot. */
  get queuedCount(): number {
    return this.#small.size + this.#large.size;
  }

  /** Whether more uploads will start: files are queued or being added. */
  get willStartMore(): boolean {
    return !this.isPaused && this.queuedCount + this.addCalls > 0;
  }

  /** Number of uploads that run, or will run by themselves. */
  get activeCount(): number {
    return this.#running.size + this.queuedCount;
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

  get status(): UploaderStatus {
    const has = (...statuses: UploadStatus[]): boolean => statuses.some((status) => this.withStatus(status).size > 0);
    if (has('starting', 'uploading', 'finishing')) return 'uploading';
    if (has('waiting')) return 'waiting';
    if (this.activeCount) return 'uploading';
    if (has('paused')) return 'paused';
    if (has('failed')) return 'failed';
    return has('complete') ? 'complete' : 'idle';
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
    for (const set of [this.#small, this.#large, this.#running]) set.delete(upload);
    this.#unindex(upload);
    this.#totals.remove(upload);
  }

  /** Whether an upload is queued to start by itself. */
  isInQueue(upload: Upload): boolean {
    return this.#small.has(upload) || this.#large.has(upload);
  }

  /** Adds an upload to the queue. */
  enqueue(upload: Upload): void {
    (this.#isSmall(upload) ? this.#small : this.#large).add(upload);
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
    if (upload.status === 'queued') return;
    this.#small.delete(upload);
    this.#large.delete(upload);
  }

  /** Starts queued uploads while there are slots; small files do not wait for large ones. */
  startNext(): void {
    const { slots } = this.#scheduler;
    if (this.isPaused) return;
    let large = 0;
    let small = 0;
    let notifying = 0;
    for (const upload of this.#running) {
      // a stored file only waits for a batch of notifications
      if (this.#isNotifying(upload) && ++notifying <= MAX_NOTIFYING) continue;
      // an upload that another tab sends uses no slot of this tab
      if (upload.snapshot.waitingFor === 'tab') continue;
      if (this.#isSmall(upload)) small++;
      else large++;
    }
    startFrom(this.#large, slots - large);
    startFrom(this.#small, slots * 2 - small);
  }

  /**
   * Starts queued uploads in a microtask: if several uploads are paused, aborted or removed one after the other, none of
   * those still to come may take the place of the first.
   */
  startNextSoon(): void {
    if (this.#isStartDue) return;
    this.#isStartDue = true;
    queueMicrotask(() => {
      this.#isStartDue = false;
      this.startNext();
    });
  }

  #unindex(upload: Upload): void {
    const indexed = this.#indexed.get(upload);
    if (!indexed) return;
    removeFromSet(this.#byStatus, indexed.status, upload);
    removeFromSet(this.#sameFile, duplicateKey(indexed.facts), upload);
    this.#indexed.delete(upload);
  }

  /** Whether the object is stored, and only the last notification is left, which is sent in a batch. */
  #isNotifying({ stored, session }: Upload): boolean {
    return stored !== null && session !== null && areNotificationsBatched(session.actions, this.#settings.options);
  }

  /** Whether the file is small enough to start beside large ones. */
  #isSmall({ facts, session }: Upload): boolean {
    const { partSize } = this.#settings.options;
    return facts.size <= (partSize === 'auto' ? DEFAULT_PART_SIZE : partSize) && !session?.uploadId;
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

function startFrom(queue: Set<Upload>, freeSlots: number): void {
  for (const upload of queue) {
    if (freeSlots-- <= 0) return;
    queue.delete(upload);
    upload.begin();
  }
}
