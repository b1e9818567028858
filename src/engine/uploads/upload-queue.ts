import { DEFAULT_PART_SIZE } from '../../limits.js';
import type { Settings } from '../api/options.js';
import type { Scheduler } from '../network/scheduler.js';
import type { InitQueue } from '../signing/init-batcher.js';
import { areNotificationsBatched } from '../signing/notifications.js';
import type { NotificationQueue } from '../signing/notification-batcher.js';
import type { Upload } from './upload.js';

/** Maximum number of stored files that wait for their last notification without using a slot. */
const MAX_NOTIFYING = 1_000;

/** The uploads that wait for a slot to start. Large files start in order; small files start beside them. */
export class UploadQueue implements InitQueue, NotificationQueue {
  readonly #running: ReadonlySet<Upload>;
  readonly #scheduler: Scheduler;
  readonly #settings: Settings;
  readonly #small = new Set<Upload>();
  readonly #large = new Set<Upload>();
  #isStartDue = false;
  /** Whether no upload may start, because the element has left the page, or the uploader is disposed of. */
  isPaused = false;
  /** Number of pending calls of `add`. */
  addCalls = 0;

  /** @param running the uploads that use the slots: at any time, those that run */
  constructor(running: ReadonlySet<Upload>, scheduler: Scheduler, settings: Settings) {
    this.#running = running;
    this.#scheduler = scheduler;
    this.#settings = settings;
  }

  /** Number of uploads that wait for a slot. */
  get size(): number {
    return this.#small.size + this.#large.size;
  }

  /** Number of uploads that run, or will run by themselves. */
  get activeCount(): number {
    return this.#running.size + this.size;
  }

  /** Whether more uploads will start: files are queued or being added. */
  get willStartMore(): boolean {
    return !this.isPaused && this.size + this.addCalls > 0;
  }

  /** Returns the uploads that have just started, then the queued small files. */
  *upcoming(): Generator<Upload> {
    for (const upload of this.#running) if (upload.status === 'starting') yield upload;
    yield* this.#small;
  }

  has(upload: Upload): boolean {
    return this.#small.has(upload) || this.#large.has(upload);
  }

  add(upload: Upload): void {
    (this.#isSmall(upload) ? this.#small : this.#large).add(upload);
  }

  remove(upload: Upload): void {
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

function startFrom(queue: Set<Upload>, freeSlots: number): void {
  for (const upload of queue) {
    if (freeSlots-- <= 0) return;
    queue.delete(upload);
    upload.begin();
  }
}
