import { UploadError } from '../api/errors.js';
import type { UploadReport } from '../model/upload-report.js';

/** Returns the report of an upload that waits for code which could not be loaded so far. @param name of its file */
export const missingCode = (name: string): UploadReport => ({
  type: 'problem',
  error: new UploadError('engine-not-loaded', `“${name}”: part of the page is not loaded yet. Retrying.`, {
    retryable: true,
  }),
});
