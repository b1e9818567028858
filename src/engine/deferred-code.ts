/**
 * Code that a new upload does not need before its first request: failures, restarts, aborts, uploads of earlier page loads,
 * the completion of multipart uploads, timers of a hidden page. Loaded right after the first request to the store, because the network may fail
 * later; or earlier for an upload of an earlier page load, which needs all of it.
 */
export { TimerWorker } from './browser/timer-worker.js';
export { assertUnchanged } from './files/assert-unchanged.js';
export { FailureHandler } from './network/failure-handler.js';
export { isRequestLost } from './network/lost-request.js';
export { storeFile } from './resume/store-file.js';
export { waitForLock } from './resume/wait-for-lock.js';
export { abortFormerSession, abortUpload } from './transfer/abort-upload.js';
export { complete } from './transfer/complete.js';
export { ConnectionLosses } from './transfer/connection-losses.js';
export { listAndVerifyParts, refreshParts } from './transfer/list-parts.js';
export { renewGrant } from './transfer/renew-grant.js';
export { reportCompletion } from './transfer/report-completion.js';
export { RestartResolver } from './transfer/restart.js';
export { confirmUser } from './uploads/ask-for-user.js';
export { giveFile } from './uploads/give-file.js';
export { RecoveredUploads } from './uploads/recovered-uploads.js';
export { reopenFile } from './uploads/reopen-file.js';
export { warnOfMissingPrincipal } from './uploads/missing-principal.js';
