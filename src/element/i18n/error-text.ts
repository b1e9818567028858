import type { UploadError } from '../../engine/api/errors.js';
import type { Translate } from './translate.js';

/** Compares names instead of classes, because the engine is a separate bundle with its own `UploadError` class. */
export const isUploadError = (error: Error): error is UploadError => error.name === 'UploadError';

/** Describes an error in the user's language. If no text exists for the signer's error code, its message is shown. */
export const errorText = (
  { name }: { name: string },
  { code, message, refusal }: Pick<UploadError, 'code' | 'message'> & Partial<UploadError>,
  translate: Translate,
): string => translate(`error-${refusal?.code ?? code}`, { name, message: refusal?.message ?? message });
