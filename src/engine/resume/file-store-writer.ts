import type { Settings } from '../api/options.js';
import { isOver } from '../api/status.js';
import type { CurrentUser } from '../model/current-user.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Clock } from '../ports.js';
import type { ModuleLoader } from '../util/module-loader.js';
import type { JournalWriter } from './journal-writer.js';
import type { storeFile, StoreFileServices } from './store-file.js';

/** Delay of the first write: an upload that has ended by then needs none. */
const WRITE_DELAY_MS = 2_000;

/** The dependencies of the writer. */
export interface FileStoreServices extends StoreFileServices {
  readonly clock: Clock;
  readonly deferredCode: ModuleLoader<{ readonly storeFile: typeof storeFile }>;
  readonly settings: Settings;
  readonly user: CurrentUser;
  readonly journal: JournalWriter;
}

/**
 * Stores the files of unfinished uploads for the next page load, so that they need not be chosen again: handles, and copies
 * of small files. It writes one at a time, after a delay, and no upload ever waits for it.
 */
export class FileStoreWriter {
  readonly #services: FileStoreServices;
  readonly #waiting = new Set<UploadRecord>();
  readonly #stored = new Set<UploadRecord>();
  #cancelTimer: (() => void) | null = null;
  #isWriting = false;

  constructor(services: FileStoreServices) {
    this.#services = services;
  }

  /** Stores an upload's file, unless the upload ends soon. */
  add(record: UploadRecord): void {
    const { recover } = this.#services.settings.options;
    const isOn = recover === 'auto' || recover === 'ask';
    if (!isOn || this.#stored.has(record)) return;
    this.#waiting.add(record);
    this.#schedule();
  }

  /** Records that an upload's file is stored since an earlier page load. */
  markStored(record: UploadRecord): void {
    this.#stored.add(record);
  }

  /** Deletes an upload's file. */
  remove(record: UploadRecord): void {
    this.#waiting.delete(record);
    if (this.#stored.delete(record)) void this.#services.fileStore.remove(record.recordId);
  }

  /** Continues once the signer has said who is signed in. */
  wake(): void {
    if (this.#waiting.size) this.#schedule();
  }

  /** Forgets an upload whose owner has left the page; its stored file stays. */
  forget(record: UploadRecord): void {
    this.#waiting.delete(record);
    this.#stored.delete(record);
  }

  /** Stops writing. */
  dispose(): void {
    this.#waiting.clear();
    this.#cancelTimer?.();
  }

  #schedule(): void {
    if (this.#isWriting) return;
    this.#cancelTimer ??= this.#services.clock.setTimer(() => {
      this.#cancelTimer = null;
      this.#isWriting = true;
      void this.#writeAll().finally(() => {
        this.#isWriting = false;
        if ([...this.#waiting].some((record) => this.#isStorable(record))) this.#schedule();
      });
    }, WRITE_DELAY_MS);
  }

  /**
   * Whether a file may be stored: not while another tab sends it, since a later page load would send it again, and not
   * before it is known whose it is, since it would be offered to everybody.
   */
  #isStorable({ session, wasShared }: UploadRecord): boolean {
    const { settings, user } = this.#services;
    if (wasShared && !session) return false;
    return settings.options.scope !== '' || (session ? session.principal !== undefined : user.isKnown);
  }

  async #writeAll(): Promise<void> {
    // the last ones first: the others may have ended before their turn
    for (const record of [...this.#waiting].reverse()) {
      if (!this.#isStorable(record)) continue;
      if (!this.#waiting.delete(record) || isOver(record.status)) continue;
      // the upload continues although its file cannot be stored
      await this.#write(record).catch(() => {});
    }
  }

  async #write(record: UploadRecord): Promise<void> {
    const { storeFile } = await this.#services.deferredCode.load();
    if (!(await storeFile(this.#services, record))) return;
    this.#stored.add(record);
    if (isOver(record.status)) this.remove(record);
    // after the file: a record without a file is useless as long as nothing is stored
    else if (!record.session?.uploadId) await this.#services.journal.save(record);
  }
}
