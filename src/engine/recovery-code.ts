/**
 * All that a first upload without a failure does not need: handling failures, restarts, aborts, and uploads of earlier
 * page loads. It is requested as soon as the first request to the store has been sent, because it may be needed when
 * the network is gone. One file, because a reload needs all of it: the records of unfinished uploads, and their parts.
 */
export { FailureHandler } from './network/failure-handler.js';
export { isRequestLost } from './network/lost-request.js';
export { storeFile } from './resume/store-file.js';
export { abortFormerSession, abortUpload } from './transfer/abort-upload.js';
export { ConnectionLosses } from './transfer/connection-losses.js';
export { headObject } from './transfer/find-object.js';
export { isUploadGone, listVerifiedParts, refreshParts } from './transfer/list-parts.js';
export { RestartResolver } from './transfer/restart.js';
export { askForUser } from './uploads/ask-for-user.js';
export { RecoveredUploads } from './uploads/recovered-uploads.js';
export { reopenFile } from './uploads/reopen-file.js';
export { warnOfMissingPrincipal } from './uploads/missing-principal.js';
