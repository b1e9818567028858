import { isOver, isRunning } from '../api/status.js';
import type { UploaderEventMap } from '../api/types.js';
import type { Scheduler } from '../network/scheduler.js';
import type { ThroughputEstimator } from '../network/throughput.js';
import type { Clock, Emit } from '../ports.js';
import type { FileStoreWriter } from '../resume/file-store-writer.js';
import type { TabCoordinator } from '../resume/tab-coordinator.js';
import type { InitBatcher } from '../signing/init-batcher.js';
import type { FinishReporter } from './finish-reporter.js';
import type { PageLifecycle } from './page-lifecycle.js';
import type { Upload, UploadListener } from './upload.js';
import type { UploadList } from './upload-list.js';
import type { UploadQueue } from './upload-queue.js';

/** Milliseconds between two progress events of one upload. */
const PROGRESS_INTERVAL_MS = 100;

export interface UploadEventServices {
  readonly clock: Clock;
  readonly list: UploadList;
  readonly queue: UploadQueue;
  readonly scheduler: Scheduler;
  readonly throughput: ThroughputEstimator;
  readonly inits: InitBatcher;
  readonly tabs: TabCoordinator;
  readonly fileWriter: FileStoreWriter;
  readonly pageLifecycle: PageLifecycle;
  readonly finish: FinishReporter;
}

/** Receives the events and changes of all uploads, updates what depends on them, and passes the events to the page. */
export class UploadEvents implements UploadListener {
  readonly #services: UploadEventServices;
  readonly #emit: Emit;
  /** Uploads whose progress is reported at the end of the interval. */
  readonly #changed = new Set<Upload>();
  #cancelTimer: (() => void) | null = null;

  constructor(services: UploadEventServices, emit: Emit) {
    this.#services = services;
    this.#emit = emit;
  }

  emit<K extends keyof UploaderEventMap>(
    upload: Upload,
    type: K,
    detail: UploaderEventMap[K]['detail'],
    wasListed = false,
  ): boolean {
    const { list, queue, throughput, scheduler, finish } = this.#services;
    if (!wasListed && !list.includes(upload)) return false;
    if (type === 'mule-status') this.#updateStatus(upload);
    if (type === 'mule-complete') this.#reportProgress(upload);
    if (type === 'mule-part') {
      const { size, duration } = detail as UploaderEventMap['mule-part']['detail'];
      throughput.recordPart(size, duration);
      scheduler.recordPartDuration(duration);
    }
    this.#emit(type, detail);
    const isEnd = isOver(upload.status) && (type === 'mule-complete' || type === 'mule-abort' || type === 'mule-error');
    if (isEnd) finish.check(true);
    const usesSlot = isRunning(upload.status) && upload.snapshot.waitingFor !== 'tab';
    if (type === 'mule-status' && !usesSlot && upload.status !== 'queued') queue.startNextSoon();
    return true;
  }

  changed(upload: Upload): void {
    const { clock, list } = this.#services;
    list.markChanged(upload);
    this.#changed.add(upload);
    this.#cancelTimer ??= clock.setTimer(() => {
      this.#cancelTimer = null;
      const changed = [...this.#changed];
      this.#changed.clear();
      for (const upload of changed) this.#reportProgress(upload);
    }, PROGRESS_INTERVAL_MS);
  }

  stored(): void {
    this.#services.queue.startNext();
  }

  /** Reports no more progress. */
  dispose(): void {
    this.#cancelTimer?.();
  }

  #updateStatus(upload: Upload): void {
    const { list, queue, inits, fileWriter, pageLifecycle, tabs } = this.#services;
    list.reindex(upload);
    if (upload.status !== 'queued') queue.remove(upload);
    if (isOver(upload.status)) inits.cancel(upload);
    if (upload.status === 'complete' || upload.status === 'aborted') fileWriter.remove(upload);
    pageLifecycle.update();
    tabs.report(upload, true);
  }

  #reportProgress(upload: Upload): void {
    const { list, tabs } = this.#services;
    if (!list.includes(upload)) return;
    upload.updateSpeed();
    list.markChanged(upload);
    const { snapshot } = upload;
    const { loaded, size, ratio, speed, eta } = snapshot;
    const hasProgressed = loaded !== upload.reportedBytes;
    upload.reportedBytes = loaded;
    tabs.report(upload);
    if (hasProgressed) this.#emit('mule-progress', { upload: snapshot, loaded, total: size, ratio, speed, eta });
  }
}
