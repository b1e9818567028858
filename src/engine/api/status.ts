import type { TotalProgress, UploadStatus } from './types.js';

const RUNNING = ['starting', 'uploading', 'waiting', 'finishing'] as const;
/** Statuses in which an upload has ended. */
export const FINAL_STATUSES = ['complete', 'failed', 'aborted'] as const;

/** Progress of an empty list. */
export const NO_PROGRESS: TotalProgress = Object.freeze({ loaded: 0, total: 0, ratio: 0, speed: 0, eta: null });

const FROM_RUNNING: readonly UploadStatus[] = [...RUNNING, ...FINAL_STATUSES, 'paused', 'needs-file'];

/** Possible next statuses of each status. */
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

/** Whether an upload is in progress, or will continue by itself. */
export const isRunning = (status: UploadStatus): boolean => (RUNNING as readonly UploadStatus[]).includes(status);

/** Whether an upload has ended. */
export const isOver = (status: UploadStatus): boolean => (FINAL_STATUSES as readonly UploadStatus[]).includes(status);

/**
 * Checks a change of status.
 * @throws Error for an impossible one, which is a defect of the engine
 */
export function assertStep(from: UploadStatus, to: UploadStatus): void {
  if (!TRANSITIONS[from].includes(to)) throw new Error(`an upload cannot go from ${from} to ${to}`);
}
