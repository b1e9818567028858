import type { TotalProgress, UploadSnapshot, UploadStatus } from '../../engine/api/types.js';

const UNCOUNTED: ReadonlySet<UploadStatus> = new Set(['failed', 'aborted', 'needs-file']);

/**
 * Returns the total progress of the uploads, without those that failed, were aborted or lack their file. The uploader's
 * `progress` also counts failed uploads; with these, the progress bar would never be full.
 */
export function totalsOf(uploads: readonly UploadSnapshot[]): TotalProgress {
  let loaded = 0;
  let total = 0;
  let speed = 0;
  for (const upload of uploads) {
    if (UNCOUNTED.has(upload.status)) continue;
    loaded += upload.loaded;
    total += upload.size;
    speed += upload.speed;
  }
  return { loaded, total, ratio: total ? loaded / total : 0, speed, eta: speed > 0 ? (total - loaded) / speed : null };
}
