import { UploadError } from '../api/errors.js';
import type { Session } from '../model/session.js';
import { UploadRecord } from '../model/upload-record.js';
import type { UploadObserver } from '../model/upload-report.js';
import { RestartRequired } from '../network/restart-required.js';
import { requestAbort } from '../s3/abort.js';
import { newId } from '../util/new-id.js';
import { TransferContext } from './context.js';
import { listParts } from './list-parts.js';
import { renewGrant } from './renew-grant.js';
import { sendS3Request } from './signed-requests.js';

/**
 * Aborts the multipart upload, so that no stored part is billed. The store may receive a part in flight after the first
 * abort. So the parts are listed, and the upload is aborted again, until no part is left.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
 */
export async function abortUpload(context: TransferContext, signal: AbortSignal): Promise<void> {
  const { session, retries, services, notifier } = context;
  let isAborted = false;
  for (let isEmpty = false; !isEmpty;) {
    try {
      await retries.retry('abort', null, signal, (attempt) =>
        sendS3Request(context, 'delete', attempt, signal, (...args) => requestAbort(services.s3, ...args)),
      );
      isAborted = true;
      await listParts(context, signal);
      isEmpty = session.table.done === 0;
    } catch (error) {
      // the upload is gone, as intended; or nobody lets this page abort it or list its parts
      if (!(error instanceof RestartRequired || error instanceof UploadError) || mayLaterSucceed(error)) throw error;
      isAborted ||= error instanceof RestartRequired && error.kind === 'gone';
      isEmpty = true;
    }
  }
  // the tracker then deletes its record, so that no sweep aborts the upload again
  if (isAborted) notifier?.aborted();
}

/** Whether a later page load should try again: the attempts were limited, or the signer failed for this upload. */
const mayLaterSucceed = (error: UploadError | RestartRequired): boolean =>
  error instanceof UploadError
  && (error.code === 'too-many-retries' || (error.code === 'signer-refused' && error.retryable));

const SILENT_OBSERVER: UploadObserver = { report: () => {} };

/** Aborts the multipart upload of a former session in the background, while the upload uses another one. */
export function abortFormerSession({ services, record, retries }: TransferContext, session: Session): void {
  // it gets another ID, because its failures must not count as failures of the current upload
  const former = new UploadRecord({ ...record.facts, id: newId() }, record.owner, record.createdAt);
  former.session = session;
  // renewing its grant must not ask the page about it
  former.status = 'aborted';
  const context = new TransferContext(services, former, SILENT_OBSERVER, renewGrant);
  if (!context.canAbort) return;
  retries.background.add(context.retries);
  void abortUpload(context, services.lifetime)
    .catch(() => {})
    .finally(() => retries.background.delete(context.retries));
}
