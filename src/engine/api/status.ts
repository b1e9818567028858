import type { TotalProgress, UploadStatus } from './types.js';

/** Statuses of an upload in progress. */
export const RUNNING_STATUSES = ['starting', 'uploading', 'waiting', 'finishing'] as const;
/** Statuses in which an upload has ended. */
export const FINAL_STATUSES = ['complete', 'failed', 'aborted'] as const;

/** Progress of an empty list. */
export const NO_PROGRESS: TotalProgress = Object.freeze({ loaded: 0, total: 0, ratio: 0, speed: 0, eta: null });

/** Whether an upload is in progress, or will continue by itself. */
export const isRunning = (status: UploadStatus): boolean =>
  (RUNNING_STATUSES as readonly UploadStatus[]).includes(status);

/** Whether an upload has ended. */
export const isOver = (status: UploadStatus): boolean => (FINAL_STATUSES as readonly UploadStatus[]).includes(status);
