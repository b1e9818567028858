import type { UploadSnapshot } from '../api/types.js';
import type { ChecksumService } from '../integrity/checksum-service.js';
import type { PagePresence } from '../resume/page-presence.js';
import type { Emit } from '../ports.js';
import { abortable } from '../util/abort.js';
import type { PageLifecycle } from './page-lifecycle.js';
import type { UploadList } from './upload-list.js';
import type { UploadQueue } from './upload-queue.js';

export interface FinishServices {
  readonly list: UploadList;
  readonly queue: UploadQueue;
  readonly presence: PagePresence;
  readonly checksums: ChecksumService;
  readonly pageLifecycle: PageLifecycle;
  readonly lifetime: AbortSignal;
}

/** Reports the end of all uploads: by `mule-finish`, and to the callers of `finished()`. */
export class FinishReporter {
  readonly #services: FinishServices;
  readonly #emit: Emit;
  readonly #callers = new Set<(uploads: UploadSnapshot[]) => void>();
  /** Whether `mule-finish` is dispatched as soon as no `add` is pending. */
  #isEventDue = false;

  constructor(services: FinishServices, emit: Emit) {
    this.#services = services;
    this.#emit = emit;
  }

  /** Resolves at the next check that finds every upload ended. @throws the reason of the uploader's `lifetime` */
  wait(): Promise<UploadSnapshot[]> {
    return abortable(this.#services.lifetime, (resolve) => {
      this.#callers.add(resolve);
      return () => this.#callers.delete(resolve);
    });
  }

  /**
   * Dispatches `mule-finish` if no upload is active, and resolves `finished()` if all have ended: paused ones have not.
   * @param hasEnded whether an upload has just ended
   */
  check(hasEnded = false): void {
    const { list, queue, presence, checksums, pageLifecycle } = this.#services;
    const isEventDue = !queue.activeCount && (hasEnded || this.#isEventDue);
    // files that are being added may still start
    this.#isEventDue = isEventDue && queue.addCalls > 0;
    // a listener may clear the list
    const { snapshots } = list;
    if (isEventDue && !queue.addCalls) {
      const [completed, failed] = [list.snapshotsOf('complete'), list.snapshotsOf('failed')];
      this.#emit('mule-finish', { completed, failed });
    }
    if (!list.isFinished || queue.addCalls) return;
    presence.withdraw();
    checksums.release();
    pageLifecycle.update();
    for (const resolve of this.#callers) resolve([...snapshots]);
    this.#callers.clear();
  }
}
