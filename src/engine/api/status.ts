import type { TotalProgress, UploadStatus } from './types.js';

/** An upload in one of these is running. */
export const RUNNING = ['starting', 'uploading', 'waiting', 'finishing'] as const;
/** An upload that has come to one of these is over. */
export const ENDS = ['complete', 'failed', 'aborted'] as const;

/** How far it is while nothing is listed. */
export const NO_PROGRESS: TotalProgress = Object.freeze({ loaded: 0, total: 0, ratio: 0, speed: 0, eta: null });

/** Tells whether something of the upload is under way, or will be without anyone doing anything. */
export const isRunning = (status: UploadStatus): boolean => (RUNNING as readonly UploadStatus[]).includes(status);

/** Tells whether an upload is over, for better or worse. */
export const isOver = (status: UploadStatus): boolean => (ENDS as readonly UploadStatus[]).includes(status);
