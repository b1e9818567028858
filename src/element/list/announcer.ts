import type { TotalProgress, UploadSnapshot, UploaderStatus } from '../../engine/api/types.js';
import { isPending } from '../api/upload-state.js';
import type { Format } from '../i18n/format.js';
import { errorText } from '../i18n/error-text.js';
import { statusText } from '../i18n/status-text.js';
import type { Translate } from '../i18n/translate.js';
import type { LiveRegions } from '../input/live-regions.js';

/** Failures of one moment that are announced. */
const MAX_FAILURES = 3;

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
 * Chooses what a screen reader announces: the start, each quarter, waiting, the end and aborts. Failures interrupt.
 */
export class Announcer {
  #status: UploaderStatus = 'idle';
  #waitingText = '';
  /** Bytes stored when waiting ended; null once more are. The first request after an outage may fail immediately. */
  #loadedAfterWait: number | null = null;
  #quarter = 0;
  #failed = new Set<string>();
  #aborted = new Set<string>();

  constructor(private readonly live: LiveRegions) {}

  /** Updates the texts if something changed that is worth announcing. */
  observe(input: AnnouncerInput): void {
    this.#announceFailures(input);
    const { status } = input;
    const before = this.#status;
    this.#status = status;
    if (status === 'uploading' && before === 'waiting') this.#loadedAfterWait = input.progress.loaded;
    else if (status !== 'uploading') this.#loadedAfterWait = null;
    if (status === 'waiting') this.#announceWaiting(input);
    else if (this.#loadedAfterWait !== null) this.#announceContinued(input, this.#loadedAfterWait);
    else if (status === 'uploading' && before !== 'uploading') this.#announceStart(input, before === 'paused');
    else if (status === 'uploading') this.#announceQuarter(input);
    else if (status !== before && status === 'paused') this.live.polite = input.translate('saidPaused');
    else if (status !== before && status === 'complete') this.#announceComplete(input);
    if (status !== 'waiting' && this.#loadedAfterWait === null) this.#waitingText = '';
    this.#announceAborts(input);
  }

  #announceContinued(input: AnnouncerInput, loadedBefore: number): void {
    if (input.progress.loaded <= loadedBefore) return;
    this.#loadedAfterWait = null;
    this.#announceStart(input, true);
  }

  #announceStart({ uploads, progress, translate }: AnnouncerInput, isContinued: boolean): void {
    const pending = uploads.filter(isPending);
    this.#quarter = isContinued ? Math.floor(progress.ratio * 4) : 0;
    this.live.polite =
      pending.length === 1
        ? translate('saidStart', { name: pending[0]!.name })
        : translate('saidStartMany', { count: pending.length });
  }

  #announceQuarter({ progress, translate, format }: AnnouncerInput): void {
    const quarter = Math.floor(progress.ratio * 4);
    if (quarter > this.#quarter && quarter < 4)
      this.live.polite = translate('saidProgress', { percent: format.percent(quarter / 4) });
    this.#quarter = quarter;
  }

  // without the countdown, which would be announced every second
  #announceWaiting({ uploads, translate, format, offline }: AnnouncerInput): void {
    const upload = uploads.find(({ status }) => status === 'waiting');
    const text = upload
      ? statusText({ ...upload, retryAt: null }, { translate, format, offline, now: 0, held: false })
      : translate('waiting');
    if (text !== this.#waitingText) this.live.polite = this.#waitingText = text;
  }

  #announceComplete({ uploads, translate }: AnnouncerInput): void {
    const done = uploads.filter(({ status }) => status === 'complete');
    this.live.polite =
      done.length === 1
        ? translate('saidComplete', { name: done[0]!.name })
        : translate('saidCompleteMany', { count: done.length });
  }

  #announceFailures({ uploads, translate }: AnnouncerInput): void {
    const failed = uploads.filter(({ status }) => status === 'failed');
    const added = failed.filter(({ id }) => !this.#failed.has(id));
    const isOneRetried = failed.length - added.length < this.#failed.size;
    if (isOneRetried) this.live.assertive = '';
    this.#failed = new Set(failed.map(({ id }) => id));
    const texts = added.slice(0, MAX_FAILURES).map((upload) => failureText(upload, translate));
    if (texts.length > 0) this.live.assertive = texts.join(' ');
  }

  #announceAborts({ uploads, translate }: AnnouncerInput): void {
    const aborted = uploads.filter(({ status }) => status === 'aborted');
    const added = aborted.filter(({ id }) => !this.#aborted.has(id));
    this.#aborted = new Set(aborted.map(({ id }) => id));
    const [first] = added;
    if (first) this.live.polite = translate('saidAborted', { name: first.name, count: added.length });
  }
}

/** Names the file once: most messages name it. */
function failureText({ name, error }: UploadSnapshot, translate: Translate): string {
  const message = error ? errorText({ name }, error, translate) : '';
  return message.includes(name) ? message : translate('saidFailed', { name, message });
}
