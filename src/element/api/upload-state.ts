import { isOver } from '../../engine/api/status.js';
import type { UploadSnapshot } from '../../engine/api/types.js';

/** Whether an upload is complete, failed or aborted. */
export const hasEnded = ({ status }: UploadSnapshot): boolean => isOver(status);

/** Whether an upload of an earlier page load waits until the user chooses its file or resumes it. */
export const isAwaitingUser = ({ status, found }: UploadSnapshot): boolean =>
  status === 'needs-file' || (found && status === 'paused');

/** Whether a form has to wait for an upload. Unfinished uploads of an earlier page load do not block it. */
export const isPending = (upload: UploadSnapshot): boolean => !hasEnded(upload) && !isAwaitingUser(upload);
