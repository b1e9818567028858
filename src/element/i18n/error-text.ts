import type { UploadError } from '../../engine/api/errors.js';
import type { Translate } from './translate.js';

/** Compares names instead of classes, because the engine is a separate bundle with its own `UploadError` class. */
export const isUploadError = (error: Error): error is UploadError => error.name === 'UploadError';

/**
 * Describes an error in the user's language. If no text exists for the signer's error code, its message is shown. If the
 * page has refused the upload, by a promise of `mule-before-upload`, its message is shown too.
 */
export function errorText(
  { name }: { name: string },
  { code, message, refusal, status, retryable }: Pick<UploadError, 'code' | 'message'> & Partial<UploadError>,
  translate: Translate,
): string {
  // the signer's refusals have a status, and can be retried if they have none
  const isRefusedByPage = code === 'signer-refused' && !status && !retryable;
  return translate(`error-${refusal?.code ?? (isRefusedByPage ? 'page-refused' : code)}`, {
    name,
    message: refusal?.message ?? message,
  });
}
