import type { TotalProgress, UploadStatus } from './types.js';

const RUNNING = ['starting', 'uploading', 'waiting', 'finishing'] as const;
/** An upload that has come to one of these is over. */
export const FINAL_STATUSES = ['complete', 'failed', 'aborted'] as const;

/** How far it is while nothing is listed. */
export const NO_PROGRESS: TotalProgress = Object.freeze({ loaded: 0, total: 0, ratio: 0, speed: 0, eta: null });

const FROM_RUNNING: readonly UploadStatus[] = [...RUNNING, ...FINAL_STATUSES, 'paused', 'needs-file'];

/** Where an upload can go from each status. */
const TRANSITIONS: Record<UploadStatus, readonly UploadStatus[]> = {
  queued: ['starting', 'waiting', 'paused', 'failed', 'aborted', 'needs-file'],
  starting: FROM_RUNNING,
  uploading: FROM_RUNNING,
  waiting: FROM_RUNNING,
  finishing: FROM_RUNNING,
  paused: ['queued', 'aborted', 'needs-file', 'failed'],
  failed: ['queued', 'aborted', 'needs-file'],
  'needs-file': ['queued', 'paused', 'aborted'],
  complete: [],
  aborted: [],
};

/** Tells whether something of the upload is under way, or will be without anyone doing anything. */
export const isRunning = (status: UploadStatus): boolean => (RUNNING as readonly UploadStatus[]).includes(status);

/** Tells whether an upload is over, for better or worse. */
export const isOver = (status: UploadStatus): boolean => (FINAL_STATUSES as readonly UploadStatus[]).includes(status);

/**
 * Guards a change of status.
 * @throws Error on an impossible step: a fault of ours, never of the page or the line
 */
export function assertStep(from: UploadStatus, to: UploadStatus): void {
  if (!TRANSITIONS[from].includes(to)) throw new Error(`an upload cannot go from ${from} to ${to}`);
}
