import type { UploadError } from '../../engine/api/errors.js';
import type { Translate } from './translate.js';

/**
 * Describes an error in the user's language. Shows its message, which is for users, if the signer or the page has refused
 * the upload and no text exists for the code, or if the error has no code.
 */
export function errorText(
  { name }: { name: string },
  error: Pick<UploadError, 'code' | 'message'> & Partial<UploadError>,
  translate: Translate,
): string {
  const { code, message } = error.refusal ?? error;
  // a promise of `mule-before-upload` was rejected: a failure of the signer has a status, or can be retried
  const isRefusedByPage = code === 'signer-refused' && !error.status && !error.retryable;
  return translate(isRefusedByPage ? 'error-page-refused' : `error-${code}`, { name, message });
}
