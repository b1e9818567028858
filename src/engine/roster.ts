import { DEFAULT_PART_SIZE } from '../limits.js';
import { isOver, isRunning } from './status.js';
import type { TotalProgress, UploadSnapshot, UploadStatus, UploaderStatus } from './types.js';
import type { Upload } from './upload.js';

/** The list of uploads, and whose turn it is: large files in their order, small ones beside them. */
export class Roster {
  readonly #lanes: () => number;
  readonly #partSize: () => number | 'auto';
  readonly #all = new Map<string, Upload>();
  readonly #small = new Set<Upload>();
  readonly #large = new Set<Upload>();
  readonly #running = new Set<Upload>();

  constructor(lanes: () => number, partSize: () => number | 'auto') {
    this.#lanes = lanes;
    this.#partSize = partSize;
  }

  get all(): Upload[] {
    return [...this.#all.values()];
  }

  get running(): ReadonlySet<Upload> {
    return this.#running;
  }

  /** Those that have just begun, then small files whose turn will come, in that order. */
  *upcoming(): Generator<Upload> {
    for (const upload of this.#running) if (upload.status === 'starting') yield upload;
    yield* this.#small;
  }

  /** Whether something runs, or will without anyone doing anything. */
  get isActive(): boolean {
    return this.#running.size + this.#small.size + this.#large.size > 0;
  }

  /** Whether every upload is over. */
  get isOver(): boolean {
    return this.all.every(({ status }) => isOver(status));
  }

  get snapshots(): UploadSnapshot[] {
    return this.all.map(({ snapshot }) => snapshot);
  }

  snapshotsOf(status: UploadStatus): UploadSnapshot[] {
    return this.snapshots.filter((snapshot) => snapshot.status === status);
  }

  /** All uploads that were not aborted, as one. */
  get progress(): TotalProgress {
    let loaded = 0;
    let total = 0;
    let speed = 0;
    for (const snapshot of this.snapshots) {
      if (snapshot.status === 'aborted') continue;
      loaded += snapshot.loaded;
      total += snapshot.size;
      speed += snapshot.speed;
    }
    return {
      loaded,
      total,
      ratio: total ? loaded / total : 0,
      speed,
      eta: speed > 0 ? (total - loaded) / speed : null,
    };
  }

  get status(): UploaderStatus {
    const statuses = new Set(this.all.map(({ status }) => status));
    if (statuses.has('starting') || statuses.has('uploading') || statuses.has('finishing')) return 'uploading';
    if (statuses.has('waiting')) return 'waiting';
    if (this.isActive) return 'uploading';
    if (statuses.has('paused')) return 'paused';
    if (statuses.has('failed')) return 'failed';
    return statuses.has('complete') ? 'complete' : 'idle';
  }

  has(id: string): boolean {
    return this.#all.has(id);
  }

  /** @throws TypeError naming the id */
  find(id: string): Upload {
    const upload = this.#all.get(id);
    if (!upload) throw new TypeError(`there is no upload "${id}"`);
    return upload;
  }

  /** One upload, or all of them. */
  chosen(id: string | undefined): Upload[] {
    return id === undefined ? this.all : [this.find(id)];
  }

  add(upload: Upload): void {
    this.#all.set(upload.id, upload);
  }

  remove({ id }: Upload): void {
    this.#all.delete(id);
  }

  /** Puts a queued upload in line for its turn. */
  line(upload: Upload): void {
    (this.#isSmall(upload) ? this.#small : this.#large).add(upload);
  }

  /** Takes in that an upload's status has changed. */
  book(upload: Upload): void {
    if (isRunning(upload.status)) this.#running.add(upload);
    else this.#running.delete(upload);
    if (upload.status === 'queued') return;
    this.#small.delete(upload);
    this.#large.delete(upload);
  }

  /** Begins as many as keep the lanes full: a small file never waits for the large ones to end. */
  fill(): void {
    const lanes = this.#lanes();
    let large = 0;
    let small = 0;
    for (const upload of this.#running) {
      // what another tab sends takes no lane of ours
      if (upload.snapshot.waitingFor === 'tab') continue;
      if (this.#isSmall(upload)) small++;
      else large++;
    }
    beginFrom(this.#large, lanes - large);
    beginFrom(this.#small, lanes * 2 - small);
  }

  /** Whether one request will do. */
  #isSmall({ facts, session }: Upload): boolean {
    const partSize = this.#partSize();
    return facts.size <= (partSize === 'auto' ? DEFAULT_PART_SIZE : partSize) && !session?.uploadId;
  }
}

function beginFrom(queue: Set<Upload>, room: number): void {
  for (const upload of queue) {
    if (room-- <= 0) return;
    queue.delete(upload);
    upload.begin();
  }
}
