import type { TotalProgress, UploadSnapshot, UploadStatus } from '../../engine/api/types.js';

/** With these, the progress bar would never be full. */
const UNCOUNTED: ReadonlySet<UploadStatus> = new Set(['failed', 'aborted']);
/** Uploads that do not continue by themselves, so that no time left can be given for them. */
const STOPPED: ReadonlySet<UploadStatus> = new Set(['paused', 'needs-file']);

/**
 * Returns the total progress of the uploads, without those that failed or were aborted. The uploader's `progress` counts
 * failed uploads, and does not count those that wait for their file.
 */
export function totalsOf(uploads: readonly UploadSnapshot[]): TotalProgress {
  let loaded = 0;
  let total = 0;
  let speed = 0;
  let running = 0;
  for (const upload of uploads) {
    if (UNCOUNTED.has(upload.status)) continue;
    loaded += upload.loaded;
    total += upload.size;
    speed += upload.speed;
    if (!STOPPED.has(upload.status)) running += upload.size - upload.loaded;
  }
  return { loaded, total, ratio: total ? loaded / total : 0, speed, eta: speed > 0 ? running / speed : null };
}
