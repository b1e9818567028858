import type { Settings } from '../api/options.js';
import { isOver } from '../api/status.js';
import type { CurrentUser } from '../model/current-user.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Clock } from '../ports.js';
import type { ModuleLoader } from '../util/module-loader.js';
import type { JournalWriter } from './journal-writer.js';
import type { storeFile, StoreFileServices } from './store-file.js';

/** Delay of the first write: an upload that ends within it needs none. */
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
 * Stores the files of unfinished uploads for the next page load, so that users need not choose them again: handles, and
 * copies of small files. It writes one file at a time, after a delay, and no upload waits for it.
 */
export class FileStoreWriter {
  readonly #services: FileStoreServices;
  readonly #waiting = new Set<UploadRecord>();
  /** Uploads whose file is stored, with the ID under which it is stored. */
  readonly #stored = new Map<UploadRecord, string>();
  #cancelTimer: (() => void) | null = null;
  #isWriting = false;

  constructor(services: FileStoreServices) {
    this.#services = services;
  }

  /** Stores an upload's file after the delay, unless the upload has ended then. */
  add(upload: UploadRecord): void {
    const { recover } = this.#services.settings.options;
    const isEnabled = recover === 'auto' || recover === 'ask';
    if (!isEnabled || this.#stored.has(upload)) return;
    this.#waiting.add(upload);
    this.#schedule();
  }

  /** Records that an earlier page load has stored the upload's file. */
  markStored(upload: UploadRecord): void {
    this.#stored.set(upload, upload.recordId);
  }

  /** Deletes an upload's file. */
  remove(upload: UploadRecord): void {
    this.#waiting.delete(upload);
    const id = this.#stored.get(upload);
    if (id === undefined) return;
    this.#stored.delete(upload);
    // after a takeover, the upload has the record of another tab, whose file may be stored too
    for (const storedId of new Set([id, upload.recordId])) void this.#services.fileStore.remove(storedId);
  }

  /** Stores the files that have waited until the signer has named the user. */
  onUserKnown(): void {
    if (this.#waiting.size) this.#schedule();
  }

  /** Forgets an upload whose owner has left the page; keeps its stored file. */
  release(upload: UploadRecord): void {
    this.#waiting.delete(upload);
    this.#stored.delete(upload);
  }

  /** Stops writing for good. */
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
    // the newest first: older uploads may end before their turn
    for (const upload of [...this.#waiting].reverse()) {
      if (!this.#isStorable(upload)) continue;
      if (!this.#waiting.delete(upload) || isOver(upload.status)) continue;
      // the upload continues although its file cannot be stored
      await this.#write(upload).catch(() => {});
    }
  }

  async #write(upload: UploadRecord): Promise<void> {
    const { storeFile } = await this.#services.deferredCode.load();
    const id = upload.recordId;
    if (!(await storeFile(this.#services, upload))) return;
    this.#stored.set(upload, id);
    if (isOver(upload.status)) this.remove(upload);
    // after the file: a journal record of an upload without stored parts is useless without a file
    else if (!upload.session?.uploadId) await this.#services.journal.save(upload);
  }
}
