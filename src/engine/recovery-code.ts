/**
 * All that a first upload does not need before its first request: handling failures, restarts, aborts, uploads of
 * earlier page loads, and the end of an upload in parts. It is requested as soon as the first request to the store has been sent, because it may be needed when
 * the network is gone. One file, because a reload needs all of it: the records of unfinished uploads, and their parts.
 */
export { assertUnchanged } from './files/assert-unchanged.js';
export { FailureHandler } from './network/failure-handler.js';
export { isRequestLost } from './network/lost-request.js';
export { storeFile } from './resume/store-file.js';
export { NoticeBatcher } from './signing/notice-batcher.js';
export { abortFormerSession, abortUpload } from './transfer/abort-upload.js';
export { complete } from './transfer/complete.js';
export { ConnectionLosses } from './transfer/connection-losses.js';
export { listVerifiedParts, refreshParts } from './transfer/list-parts.js';
export { RestartResolver } from './transfer/restart.js';
export { askForUser } from './uploads/ask-for-user.js';
export { giveFile } from './uploads/give-file.js';
export { RecoveredUploads } from './uploads/recovered-uploads.js';
export { reopenFile } from './uploads/reopen-file.js';
export { warnOfMissingPrincipal } from './uploads/missing-principal.js';
