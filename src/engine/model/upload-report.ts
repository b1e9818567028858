import type { UploadError } from '../api/errors.js';
import type { PartDetail, RetryDetail } from '../api/types.js';

/** The current step of an upload, shown as its status while it does not wait. */
export type Step = 'starting' | 'uploading' | 'finishing';

/** The reports of the lower layers about one upload. */
export type UploadReport =
  | { readonly type: 'step'; readonly step: Step }
  /** A request or a wait has begun or ended. */
  | { readonly type: 'activity' }
  /** Bytes were sent, or the list of stored parts has changed. */
  | { readonly type: 'progress' }
  | { readonly type: 'retry'; readonly detail: Omit<RetryDetail, 'upload'> }
  /** An error that the page may have to fix; retries continue. */
  | { readonly type: 'problem'; readonly error: UploadError }
  /** The store rejects the signatures of one part, or all signatures. */
  | { readonly type: 'signatures-rejected'; readonly partNumber: number | null }
  | { readonly type: 'grant-expired' }
  | { readonly type: 'session-opened' }
  /** The session has changed, and the journal has to record it. */
  | { readonly type: 'session-changed' }
  | { readonly type: 'part-stored'; readonly detail: Omit<PartDetail, 'upload'> }
  /** A file that was found changed, or could not be read, has been opened again. */
  | { readonly type: 'file-reopened' }
  /** The object is stored; only the last notification to the signer is left. */
  | { readonly type: 'stored' }
  /** The run in this tab has stopped. */
  | { readonly type: 'stopped' }
  | { readonly type: 'complete' }
  /** The tab that sent the upload has aborted it. */
  | { readonly type: 'aborted' }
  | { readonly type: 'failed'; readonly error: unknown };

/** Receives what the lower layers report about one upload. */
export interface UploadObserver {
  report(report: UploadReport): void;
}
