import type { TotalProgress } from '../api/types.js';
import type { Upload } from './upload.js';

interface Bytes {
  readonly loaded: number;
  readonly total: number;
}
const NO_BYTES: Bytes = { loaded: 0, total: 0 };

/** Adds up the bytes of the listed uploads, without the aborted ones and those that need their file. */
export class UploadTotals {
  /** The bytes of each upload that the sums include. */
  readonly #counted = new Map<Upload, Bytes>();
  /** Uploads whose snapshot has changed since they were counted. */
  readonly #changed = new Set<Upload>();
  #loaded = 0;
  #total = 0;

  /** Records that the snapshot of a listed upload has changed. */
  markChanged(upload: Upload): void {
    this.#changed.add(upload);
  }

  /** Removes the bytes of an upload that has left the list. */
  remove(upload: Upload): void {
    this.#changed.delete(upload);
    this.#count(upload, NO_BYTES);
    this.#counted.delete(upload);
  }

  /** Returns the totals. Only uploads that have changed are counted again. @param running the uploads that have a speed */
  compute(running: ReadonlySet<Upload>): TotalProgress {
    for (const upload of this.#changed) {
      const { status, loaded, size } = upload.snapshot;
      this.#count(upload, status === 'aborted' || status === 'needs-file' ? NO_BYTES : { loaded, total: size });
    }
    this.#changed.clear();
    const [loaded, total] = [this.#loaded, this.#total];
    // added up each time, since only few uploads have a speed: a running sum of fractions would drift
    const speed = [...running].reduce((sum, { snapshot }) => sum + snapshot.speed, 0);
    return {
      loaded,
      total,
      ratio: total ? loaded / total : 0,
      speed,
      eta: speed > 0 ? (total - loaded) / speed : null,
    };
  }

  #count(upload: Upload, bytes: Bytes): void {
    const before = this.#counted.get(upload) ?? NO_BYTES;
    this.#loaded += bytes.loaded - before.loaded;
    this.#total += bytes.total - before.total;
    this.#counted.set(upload, bytes);
  }
}
