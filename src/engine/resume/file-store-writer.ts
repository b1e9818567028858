import { isOver } from '../api/status.js';
import type { Clock, KeptFile, FileStore } from '../ports.js';
import type { Upload } from '../uploads/upload.js';

/** Milliseconds after which an upload counts as one that may outlast this visit. */
const SOON = 1_000;

/** Bytes of the largest file that is copied. */
export const LARGEST_COPY = 8 * 1024 ** 2;

export interface FileKeeperHost {
  readonly clock: Clock;
  readonly shelf: FileStore;
  /** Whether files are stored at all. */
  isOn(): boolean;
  /** Whether it is known whose the upload is: what belongs to nobody would be offered to anybody. */
  isOwnerKnown(upload: Upload): boolean;
  /** Gives what the upload's file is recognised by. */
  recognise(upload: Upload): Promise<string>;
  /** Writes the upload to the journal. */
  remember(upload: Upload): Promise<void>;
}

/**
 * Keeps the files of unfinished uploads for the next visit, so that they need no choosing then: handles, and copies of
 * small files. One at a time and a second late: no upload ever waits for this, and those that are over by then cost
 * nothing.
 */
export class FileStoreWriter {
  readonly #host: FileKeeperHost;
  readonly #waiting = new Set<Upload>();
  readonly #kept = new Set<Upload>();
  #cancelTimer: (() => void) | null = null;
  #isAtWork = false;

  constructor(host: FileKeeperHost) {
    this.#host = host;
  }

  /** Takes in that an upload has its file. */
  consider(upload: Upload): void {
    if (!this.#host.isOn() || this.#kept.has(upload)) return;
    this.#waiting.add(upload);
    this.#wait();
  }

  /** Takes in that an upload's file is on the shelf since an earlier visit. */
  found(upload: Upload): void {
    this.#kept.add(upload);
  }

  /** Takes the file off the shelf. */
  release(upload: Upload): void {
    this.#waiting.delete(upload);
    if (this.#kept.delete(upload)) void this.#host.shelf.remove(upload.recordId);
  }

  /** Takes in that it is known who the user is. */
  wake(): void {
    if (this.#waiting.size) this.#wait();
  }

  /** Forgets an upload whose owner is gone; what is stored of its file stays. */
  drop(upload: Upload): void {
    this.#waiting.delete(upload);
    this.#kept.delete(upload);
  }

  /** Stops keeping. */
  dispose(): void {
    this.#waiting.clear();
    this.#cancelTimer?.();
  }

  #wait(): void {
    if (this.#isAtWork) return;
    this.#cancelTimer ??= this.#host.clock.setTimer(() => {
      this.#cancelTimer = null;
      this.#isAtWork = true;
      void this.#keepAll().finally(() => {
        this.#isAtWork = false;
        if (this.#hasWork) this.#wait();
      });
    }, SOON);
  }

  get #hasWork(): boolean {
    return [...this.#waiting].some((upload) => this.#host.isOwnerKnown(upload));
  }

  async #keepAll(): Promise<void> {
    for (const upload of [...this.#waiting]) {
      if (!this.#host.isOwnerKnown(upload)) continue;
      if (!this.#waiting.delete(upload) || isOver(upload.status)) continue;
      // an upload whose file cannot be kept goes on all the same
      await this.#keep(upload).catch(() => {});
    }
  }

  async #keep(upload: Upload): Promise<void> {
    const { shelf, recognise, remember } = this.#host;
    const kept = whatToKeep(upload);
    if (!kept) return;
    await recognise(upload);
    if (upload.isReleased || !(await shelf.save(upload.recordId, upload.owner.scope, kept))) return;
    if (upload.isReleased) {
      // a file without a record is of no use to anybody
      if (!upload.session?.uploadId) void shelf.remove(upload.recordId);
      return;
    }
    this.#kept.add(upload);
    if (isOver(upload.status)) this.release(upload);
    // the record comes second: one without its file would be of no use to an upload of which nothing is stored
    else if (!upload.session?.uploadId) await remember(upload);
  }
}

function whatToKeep({ file, handle }: Upload): KeptFile | null {
  if (handle) return { handle };
  return file && file.size <= LARGEST_COPY ? { file } : null;
}
