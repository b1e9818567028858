import type { TotalProgress, UploadSnapshot, UploaderStatus } from '../../engine/api/types.js';
import { isPending } from '../api/upload-state.js';
import type { Format } from '../i18n/format.js';
import { errorText } from '../i18n/error-text.js';
import { statusText } from '../i18n/status-text.js';
import type { Translate } from '../i18n/translate.js';
import type { LiveRegions } from '../input/live-regions.js';

/** Maximum number of failures that one announcement names. */
const MAX_ANNOUNCED_FAILURES = 3;

/** The state that the announcer compares with the previous one. */
export interface AnnouncerInput {
  readonly uploads: readonly UploadSnapshot[];
  readonly status: UploaderStatus;
  readonly progress: TotalProgress;
  readonly translate: Translate;
  readonly format: Format;
  readonly offline: boolean;
}

/**
 * Chooses what a screen reader announces: the start, each quarter of the progress, waiting, completion of all, the number
 * of complete uploads if others failed, and aborts.
 * Failures are announced immediately, and interrupt speech.
 */
export class Announcer {
  #status: UploaderStatus = 'idle';
  #waitingText = '';
  /**
   * `progress.loaded` when waiting ended; null once it has grown. Until then, resumption is not announced: the first request
   * after an outage may fail immediately.
   */
  #loadedWhenWaitEnded: number | null = null;
  #quarter = 0;
  #failed = new Set<string>();
  #aborted = new Set<string>();

  constructor(private readonly liveRegions: LiveRegions) {}

  /** Updates the texts if something changed that is worth announcing. */
  observe(input: AnnouncerInput): void {
    this.#announceFailures(input);
    const { status } = input;
    const previousStatus = this.#status;
    this.#status = status;
    if (status === 'uploading' && previousStatus === 'waiting') this.#loadedWhenWaitEnded = input.progress.loaded;
    else if (status !== 'uploading') this.#loadedWhenWaitEnded = null;
    if (status === 'waiting') this.#announceWaiting(input);
    else if (this.#loadedWhenWaitEnded !== null) this.#announceResumption(input, this.#loadedWhenWaitEnded);
    else if (status === 'uploading' && previousStatus !== 'uploading')
      this.#announceStart(input, previousStatus === 'paused');
    else if (status === 'uploading') this.#announceQuarter(input);
    else if (status !== previousStatus && status === 'paused') this.liveRegions.polite = input.translate('saidPaused');
    else if (status !== previousStatus && status === 'complete') this.#announceComplete(input);
    else if (status !== previousStatus && status === 'failed') this.#announcePartialCompletion(input);
    if (status !== 'waiting' && this.#loadedWhenWaitEnded === null) this.#waitingText = '';
    this.#announceAborts(input);
  }

  #announceResumption(input: AnnouncerInput, loadedBefore: number): void {
    if (input.progress.loaded <= loadedBefore) return;
    this.#loadedWhenWaitEnded = null;
    this.#announceStart(input, true);
  }

  #announceStart({ uploads, progress, translate }: AnnouncerInput, isResumed: boolean): void {
    const pending = uploads.filter(isPending);
    this.#quarter = isResumed ? Math.floor(progress.ratio * 4) : 0;
    this.liveRegions.polite =
      pending.length === 1
        ? translate('saidStart', { name: pending[0]!.name })
        : translate('saidStartMany', { count: pending.length });
  }

  #announceQuarter({ progress, translate, format }: AnnouncerInput): void {
    const quarter = Math.floor(progress.ratio * 4);
    if (quarter > this.#quarter && quarter < 4)
      this.liveRegions.polite = translate('saidProgress', { percent: format.percent(quarter / 4) });
    this.#quarter = quarter;
  }

  // without the countdown, which would be announced every second
  #announceWaiting({ uploads, translate, format, offline }: AnnouncerInput): void {
    const upload = uploads.find(({ status }) => status === 'waiting');
    const text = upload
      ? statusText({ ...upload, retryAt: null }, { translate, format, offline, now: 0, held: false })
      : translate('waiting');
    if (text !== this.#waitingText) this.liveRegions.polite = this.#waitingText = text;
  }

  #announceComplete({ uploads, translate }: AnnouncerInput): void {
    const done = uploads.filter(({ status }) => status === 'complete');
    this.liveRegions.polite =
      done.length === 1
        ? translate('saidComplete', { name: done[0]!.name })
        : translate('saidCompleteMany', { count: done.length });
  }

  #announcePartialCompletion({ uploads, translate }: AnnouncerInput): void {
    const done = uploads.filter(({ status }) => status === 'complete').length;
    const count = uploads.filter(({ status }) => status !== 'aborted').length;
    if (done > 0) this.liveRegions.polite = translate('summaryStored', { done, count });
  }

  #announceFailures({ uploads, translate }: AnnouncerInput): void {
    const failed = uploads.filter(({ status }) => status === 'failed');
    const newlyFailed = failed.filter(({ id }) => !this.#failed.has(id));
    const hasOneBeenRetried = failed.length - newlyFailed.length < this.#failed.size;
    if (hasOneBeenRetried) this.liveRegions.assertive = '';
    this.#failed = new Set(failed.map(({ id }) => id));
    const texts = newlyFailed.slice(0, MAX_ANNOUNCED_FAILURES).map((upload) => failureText(upload, translate));
    if (texts.length > 0) this.liveRegions.assertive = texts.join(' ');
  }

  #announceAborts({ uploads, translate }: AnnouncerInput): void {
    const aborted = uploads.filter(({ status }) => status === 'aborted');
    const newlyAborted = aborted.filter(({ id }) => !this.#aborted.has(id));
    this.#aborted = new Set(aborted.map(({ id }) => id));
    const [first] = newlyAborted;
    if (first) this.liveRegions.polite = translate('saidAborted', { name: first.name, count: newlyAborted.length });
  }
}

/** Returns the message of a failure, which names the file: adds the name only if the message lacks it. */
function failureText({ name, error }: UploadSnapshot, translate: Translate): string {
  const message = error ? errorText({ name }, error, translate) : '';
  return message.includes(name) ? message : translate('saidFailed', { name, message });
}
