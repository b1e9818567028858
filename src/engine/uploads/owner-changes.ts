import { isOver } from '../api/status.js';
import type { FileStoreWriter } from '../resume/file-store-writer.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import type { PagePresence } from '../resume/page-presence.js';
import type { Emit } from '../ports.js';
import type { InitBatcher } from '../signing/init-batcher.js';
import type { FinishReporter } from './finish-reporter.js';
import type { Upload } from './upload.js';
import type { UploadList } from './upload-list.js';

export interface OwnerServices {
  readonly list: UploadList;
  readonly inits: InitBatcher;
  readonly fileWriter: FileStoreWriter;
  readonly journal: JournalWriter;
  readonly presence: PagePresence;
  readonly finish: FinishReporter;
}

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
   * @param beforeEvent called before the event, whose listeners may call the uploader
   */
  endAll({ isForgotten = false, isByPage = true, beforeEvent = (): void => {} } = {}): void {
    this.ownership = {};
    const { list, presence, finish } = this.#services;
    const { all } = list;
    if (isForgotten) for (const upload of all) upload.isForgotten = true;
    this.#remove(all, isByPage);
    beforeEvent();
    this.#report(all, isByPage);
    presence.withdraw();
    finish.check();
  }

  /** Removes uploads of another owner from the list; dispatches `mule-owner-change` if any was listed. */
  remove(uploads: readonly Upload[], { isByPage = false } = {}): void {
    const { list, finish } = this.#services;
    const listed = uploads.filter(({ id }) => list.has(id));
    this.#remove(listed, isByPage);
    if (listed.length) this.#report(listed, isByPage);
    finish.check();
  }

  /** Rejects a file that was added by the former user. */
  reject(file: File): void {
    const message = 'A file was not uploaded, because another user is signed in now. Add it again.';
    this.#emit('mule-reject', { file, code: 'user-changed', message });
  }

  #remove(uploads: readonly Upload[], isByPage: boolean): void {
    const { list, inits, fileWriter, journal } = this.#services;
    for (const upload of uploads) {
      const { session, recovered } = upload;
      upload.endForOwnerChange();
      inits.cancel(upload);
      // either user may have chosen the file, so it is stored for neither
      if (!isByPage && !session && !recovered) {
        upload.isForgotten = true;
        fileWriter.remove(upload);
        void journal.remove(upload);
      } else fileWriter.release(upload);
      list.remove(upload);
    }
  }

  #report(ended: readonly Upload[], isByPage: boolean): void {
    this.#emit('mule-owner-change', { uploads: ended.map(({ snapshot }) => snapshot) });
    if (isByPage) return;
    for (const { file, status, recovered } of ended) if (file && !isOver(status) && !recovered) this.reject(file);
  }
}
