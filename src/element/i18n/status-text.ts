import type { UploadSnapshot } from '../../engine/api/types.js';
import { errorText } from './error-text.js';
import type { Format } from './format.js';
import type { Translate } from './translate.js';

/** The data that a status text depends on, besides the upload. */
export interface StatusContext {
  readonly translate: Translate;
  readonly format: Format;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whether added files wait for `start()`. */
  readonly held: boolean;
  /** Whether the browser reports that it is offline. */
  readonly offline: boolean;
}

/** Describes an upload's status: what it does, what it waits for, and when it is retried. */
export function statusText(upload: UploadSnapshot, { translate, format, now, held, offline }: StatusContext): string {
  const { status, waitingFor, retryAt, found, needsPermission } = upload;
  if (status === 'failed') return upload.error ? errorText(upload, upload.error, translate) : translate('failed');
  // the button beside it says what to do
  if (found && (status === 'needs-file' || status === 'paused')) return translate('found');
  if (status === 'needs-file') return translate(needsPermission ? 'needsPermission' : 'needsFile');
  if (status === 'queued') return translate(held ? 'held' : 'queued');
  if (status !== 'waiting') return translate(status);
  const withCountdown = (key: 'waiting' | 'waitingStore' | 'waitingSigner'): string =>
    retryAt !== null && retryAt > now
      ? translate(`${key}In`, { time: format.time((retryAt - now) / 1000) })
      : translate(key);
  switch (waitingFor) {
    case 'network':
      return translate(offline ? 'waitingNetwork' : 'waitingConnection');
    case 'store':
      // the error is shown below
      return withCountdown(upload.error ? 'waiting' : 'waitingStore');
    case 'signer':
      return withCountdown('waitingSigner');
    case 'authorization':
      return translate('waitingAuthorization');
    case 'tab':
      return translate('waitingTab');
    case 'file':
      return translate('waitingFile');
    case 'engine':
      return translate('waitingEngine');
    case null:
      return translate('waiting');
  }
}
