import { UploadError } from '../api/errors.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { UploadObserver } from '../model/upload-report.js';
import { unlessAborted } from '../util/abort.js';
import type { ModuleLoader } from '../util/module-loader.js';

/**
 * Loads the code that an upload needs for its next step.
 * @param observer receives the problem `engine-not-loaded`, once, if requests for the code fail repeatedly
 * @throws the signal's reason when aborted
 */
export function loadDeferredCode<T>(
  loader: ModuleLoader<T>,
  { facts }: UploadRecord,
  observer: UploadObserver,
  signal: AbortSignal,
): Promise<T> {
  let isReported = false;
  const reportRepeatedFailure = (): void => {
    if (isReported || signal.aborted || !loader.failsRepeatedly) return;
    isReported = true;
    const message = `“${facts.name}”: part of the page could not be loaded. Retrying.`;
    observer.report({ type: 'problem', error: new UploadError('engine-not-loaded', message, { retryable: true }) });
  };
  reportRepeatedFailure();
  loader.onFailure(reportRepeatedFailure);
  return unlessAborted(signal, loader.load());
}
