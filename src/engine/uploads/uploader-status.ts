import type { UploaderStatus, UploadStatus } from '../api/types.js';
import type { UploadList } from './upload-list.js';
import type { UploadQueue } from './upload-queue.js';

/** Returns the status of an uploader: that of the uploads which are closest to sending. */
export function uploaderStatusOf(list: UploadList, queue: UploadQueue): UploaderStatus {
  const has = (...statuses: UploadStatus[]): boolean => statuses.some((status) => list.withStatus(status).size > 0);
  if (has('starting', 'uploading', 'finishing')) return 'uploading';
  if (has('waiting')) return 'waiting';
  if (queue.size) return 'uploading';
  if (has('paused')) return 'paused';
  if (has('failed')) return 'failed';
  return has('complete') ? 'complete' : 'idle';
}
