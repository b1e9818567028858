import type { TotalProgress, UploadSnapshot, UploadStatus } from '../../engine/api/types.js';

const UNCOUNTED: ReadonlySet<UploadStatus> = new Set(['failed', 'aborted', 'needs-file']);

/**
 * Returns the stored bytes, and those still to be sent. Failed uploads are left out, unlike in the uploader's `progress`:
 * the bar of the others would never be full, and their time left never reach zero.
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
