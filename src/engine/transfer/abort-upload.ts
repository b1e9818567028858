import { UploadError } from '../api/errors.js';
import type { Session } from '../model/session.js';
import { UploadRecord } from '../model/upload-record.js';
import type { UploadObserver } from '../model/upload-report.js';
import { RestartRequired } from '../network/restart-required.js';
import { requestAbort } from '../s3/abort.js';
import { newId } from '../util/new-id.js';
import { TransferContext } from './context.js';
import { listParts } from './list-parts.js';
import { sendS3Request } from './signed-requests.js';

/**
 * Aborts the multipart upload, so that no stored part is billed. A part in flight may arrive after the first abort:
 * the parts are listed, and the upload is aborted again until none is left.
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
      // the upload is gone, as intended, or the credentials may not abort it, or not list its parts
      if (!(error instanceof RestartRequired || error instanceof UploadError)) throw error;
      isAborted ||= error instanceof RestartRequired && error.kind === 'gone';
      isEmpty = true;
    }
  }
  // the tracker forgets it, and no sweep aborts it any more
  if (isAborted) notifier?.aborted();
}

const SILENT: UploadObserver = { report: () => {} };

/** Aborts the multipart upload of a former session in the background, while the upload uses another one. */
export function abortFormerSession({ services, record, retries }: TransferContext, session: Session): void {
  // an ID of its own: its failures must not count against the upload
  const former = new UploadRecord({ ...record.facts, id: newId() }, record.owner, record.createdAt);
  former.session = session;
  const context = new TransferContext(services, former, SILENT);
  if (!context.canAbort) return;
  retries.background.add(context.retries);
  void abortUpload(context, services.lifetime)
    .catch(() => {})
    .finally(() => retries.background.delete(context.retries));
}
