import type { UploadStatus } from '../api/types.js';
import { RUNNING_STATUSES } from '../api/status.js';

/** The events of an upload. An event `show-…` only changes which step of a running upload its status shows. */
export type StatusEvent =
  | 'start'
  | 'show-starting'
  | 'show-uploading'
  | 'show-finishing'
  | 'show-waiting'
  | 'pause'
  | 'hold'
  | 'enqueue'
  | 'need-file'
  | 'fail'
  | 'abort'
  | 'complete';

/** The DOM event that follows a transition, besides `mule-status`. */
export type TransitionEvent = 'mule-start' | 'mule-pause' | 'mule-error' | 'mule-abort' | 'mule-complete';

interface Transition {
  readonly from: readonly UploadStatus[];
  readonly to: UploadStatus;
  readonly event: TransitionEvent | null;
}

const TRANSITIONS: Readonly<Record<StatusEvent, Transition>> = {
  start: { from: ['queued'], to: 'starting', event: 'mule-start' },
  'show-starting': { from: RUNNING_STATUSES, to: 'starting', event: null },
  'show-uploading': { from: RUNNING_STATUSES, to: 'uploading', event: null },
  'show-finishing': { from: RUNNING_STATUSES, to: 'finishing', event: null },
  'show-waiting': { from: RUNNING_STATUSES, to: 'waiting', event: null },
  pause: { from: ['queued', ...RUNNING_STATUSES], to: 'paused', event: 'mule-pause' },
  hold: { from: ['needs-file'], to: 'paused', event: null },
  enqueue: { from: ['paused', 'failed', 'needs-file'], to: 'queued', event: null },
  'need-file': { from: ['queued', ...RUNNING_STATUSES, 'paused', 'failed'], to: 'needs-file', event: null },
  fail: { from: ['queued', ...RUNNING_STATUSES, 'paused'], to: 'failed', event: 'mule-error' },
  abort: {
    from: ['queued', ...RUNNING_STATUSES, 'paused', 'failed', 'needs-file'],
    to: 'aborted',
    event: 'mule-abort',
  },
  complete: { from: RUNNING_STATUSES, to: 'complete', event: 'mule-complete' },
};

/**
 * Returns the status that follows, and the DOM event to dispatch.
 * @throws Error on an impossible transition, which is a defect of this package
 */
export function transition(
  status: UploadStatus,
  event: StatusEvent,
): { readonly status: UploadStatus; readonly event: TransitionEvent | null } {
  const { from, to, event: domEvent } = TRANSITIONS[event];
  if (!from.includes(status)) throw new Error(`an upload that is ${status} cannot ${event}`);
  return { status: to, event: domEvent };
}
