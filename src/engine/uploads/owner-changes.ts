import { isOver } from '../api/status.js';
import type { UploaderEventMap } from '../api/types.js';
import type { PagePresence } from '../resume/page-presence.js';
import type { FileStoreWriter } from '../resume/file-store-writer.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import type { InitBatcher } from '../signing/init-batcher.js';
import type { ProgressReporter } from './progress.js';
import type { Upload } from './upload.js';
import type { UploadList } from './upload-list.js';

/** The objects from which the uploads of a former owner are removed. */
export interface OwnerServices {
  readonly list: UploadList;
  readonly inits: InitBatcher;
  readonly fileWriter: FileStoreWriter;
  readonly journal: JournalWriter;
  readonly presence: PagePresence;
  readonly progress: ProgressReporter;
}

type Emit = <K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']) => boolean;

/** Ends uploads in this page when another user signs in, or the page sets another `scope` or `recoveryKey`. */
export class OwnerChanges {
  readonly #services: OwnerServices;
  readonly #emit: Emit;
  /** Identifies the current owner: another object after each change. */
  ownership: object = {};

  constructor(services: OwnerServices, emit: Emit) {
    this.#services = services;
    this.#emit = emit;
  }

  /**
   * Ends every upload of the former owner. The journal keeps the unfinished ones, for that owner.
   * @param isForgotten whether `forget()` was called, which deletes their records and files
   * @param isByPage whether the page has caused the change
   */
  endAll({ isForgotten = false, isByPage = true } = {}): void {
    this.ownership = {};
    const { list, presence } = this.#services;
    const { all } = list;
    if (isForgotten) for (const upload of all) upload.isForgotten = true;
    this.#remove(all, isByPage);
    this.#report(all, isByPage);
    presence.withdraw();
  }

  /** Removes uploads of another owner from the list; dispatches `mule-owner-change` if any was listed. */
  remove(uploads: readonly Upload[], isByPage = false): void {
    const listed = uploads.filter(({ id }) => this.#services.list.has(id));
    this.#remove(listed, isByPage);
    if (listed.length) this.#report(listed, isByPage);
  }

  /** Rejects a file that was added by the former user. */
  reject(file: File): void {
    const message = 'A file was not uploaded, because another user is signed in now. Add it again.';
    this.#emit('mule-reject', { file, code: 'user-changed', message });
  }

  #remove(uploads: readonly Upload[], isByPage: boolean): void {
    const { list, inits, fileWriter, journal, progress } = this.#services;
    // queued uploads first: they must not start when a running one ends
    const isQueued = ({ status }: Upload): boolean => status === 'queued';
    for (const upload of [...uploads.filter(isQueued), ...uploads.filter((upload) => !isQueued(upload))]) {
      const { session, recovered } = upload;
      upload.endForOwnerChange();
      inits.cancel(upload);
      // either user may have chosen the file, so it is stored for neither
      if (!isByPage && !session && !recovered) {
        upload.isForgotten = true;
        fileWriter.remove(upload);
        void journal.remove(upload);
      } else fileWriter.forget(upload);
      list.remove(upload);
      progress.remove(upload);
    }
  }

  #report(ended: readonly Upload[], isByPage: boolean): void {
    this.#emit('mule-owner-change', { uploads: ended.map(({ snapshot }) => snapshot) });
    if (isByPage) return;
    for (const { file, status, recovered } of ended) if (file && !isOver(status) && !recovered) this.reject(file);
  }
}
