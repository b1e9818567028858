import { isRunning } from '../api/status.js';
import type { PagePresence } from '../resume/page-presence.js';
import type { TabCoordinator } from '../resume/tab-coordinator.js';
import type { Recovery } from './recovery.js';
import type { UploadList } from './upload-list.js';
import type { UploadQueue } from './upload-queue.js';

interface AttachmentServices {
  readonly list: UploadList;
  readonly queue: UploadQueue;
  readonly tabs: TabCoordinator;
  readonly presence: PagePresence;
  readonly recovery: Recovery;
}

/** Pauses all uploads while the uploader is not in the page, and resumes them when it is back. */
export class Attachment {
  readonly #services: AttachmentServices;
  /** Identifies the last call of `attach()`; null while detached. */
  #current: object | null = null;
  /** IDs of the uploads that are resumed once the signer has confirmed the user. */
  #idsToResume: readonly string[] = [];

  constructor(services: AttachmentServices) {
    this.#services = services;
  }

  /** @see Uploader.detach */
  detach(): string[] {
    const { list, queue, tabs, presence } = this.#services;
    const active = list.all.filter((upload) => isRunning(upload.status) || queue.has(upload));
    for (const upload of active) upload.pause();
    queue.isPaused = true;
    this.#current = null;
    tabs.releaseAll();
    presence.isDetached = true;
    presence.hide();
    const ids = new Set([...active.map(({ id }) => id), ...this.#idsToResume.filter((id) => list.has(id))]);
    this.#idsToResume = [];
    return [...ids];
  }

  /** @param resume resumes an upload @see Uploader.attach */
  attach(ids: readonly string[], resume: (id: string) => void): true | Promise<boolean> {
    const { list, queue, presence, recovery } = this.#services;
    const attachment = (this.#current = {});
    presence.isDetached = false;
    // an earlier call of `attach()` may still wait for the signer
    this.#idsToResume = [...new Set([...this.#idsToResume, ...ids])];
    const resumeAll = (isSameUser: boolean): boolean => {
      if (this.#current !== attachment) return false;
      const toResume = this.#idsToResume;
      this.#idsToResume = [];
      queue.isPaused = false;
      presence.show();
      // uploads of another user have left the list
      for (const id of toResume) if (list.has(id)) resume(id);
      queue.startNext();
      return isSameUser;
    };
    if (recovery.hasToConfirm) return recovery.confirm().then(resumeAll);
    resumeAll(true);
    return true;
  }

  /** Makes a pending `attach()` resume nothing. */
  dispose(): void {
    this.#current = null;
  }
}
