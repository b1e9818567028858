import { html, nothing } from 'lit';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { hasEnded, isPending } from '../api/upload-state.js';
import { questionTemplate } from './question-template.js';
import { countRecoverable } from './recovery-template.js';
import { widthStyle } from './row-template.js';
import { isProgressUnknown, shownRatio } from './shown-progress.js';
import { sparklineTemplate } from './sparkline-template.js';
import type { BulkAction, Handlers, View } from './view.js';

/** Renders the totals of several uploads, and the buttons that concern all of them. */
export function summaryTemplate(view: View, handlers: Handlers): unknown {
  const { uploads, storedFiles, progress, translate, format, status, openQuestion } = view;
  if (uploads.length + storedFiles.length < 2) return nothing;
  const countIn = (...statuses: UploadSnapshot['status'][]): number =>
    uploads.filter((upload) => statuses.includes(upload.status)).length;
  const count = uploads.length - countIn('aborted') + storedFiles.length;
  const done = countIn('complete') + storedFiles.length;
  const failed = countIn('failed');
  const hasProgress =
    progress.total > 0
    && uploads.some(
      (upload) => !isProgressUnknown(upload) && upload.status !== 'failed' && upload.status !== 'aborted',
    );
  const ratio = shownRatio(progress.ratio, done === count);
  const hasSpeed = status === 'uploading' && progress.speed > 0;
  const speed = hasSpeed ? format.speed(progress.speed) : '';
  const texts = [
    count > 0 ? translate(done === count ? 'summaryAllStored' : 'summaryStored', { done, count }) : '',
    failed > 0 ? translate('summaryFailed', { count: failed }) : '',
    hasProgress && done < count
      ? translate('sizeOf', { loaded: format.bytes(progress.loaded), size: format.bytes(progress.total) })
      : '',
    speed,
    hasSpeed && progress.eta !== null ? translate('timeLeft', { time: format.time(progress.eta) }) : '',
  ].filter(Boolean);
  const pending = uploads.filter(isPending).length;
  // idle with progress: all that is left waits for its file, or for `start()`
  const totalStatus = status === 'idle' ? 'waiting' : status;
  return html` <div part="summary" class="summary" data-group="summary" @click=${handlers.bulkClick}>
    <span class="totals"
      >${texts.map(
        (text) =>
          html`<span>${text === speed ? sparklineTemplate(view.sparklinePath('')) : nothing}<bdi>${text}</bdi></span>`,
      )}</span
    >
    ${
      openQuestion === 'abort-all' && pending > 0
        ? questionTemplate(
            translate('askAbortAll', { count: pending }),
            translate('confirmAbort', { count: pending }),
            translate('keepUploading'),
          )
        : html`<span class="bulk"
            >${bulkActions(view).map(
              ([action, text]) => html`<button type="button" class="plain" data-action=${action}>${text}</button>`,
            )}</span
          >`
    }
    <div
      part="total"
      class="progress total"
      data-total=${totalStatus}
      role="progressbar"
      aria-label=${translate('totalProgress')}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.floor(ratio * 100)}
      aria-valuetext=${texts.join(', ')}
      ?hidden=${done === count || !hasProgress}
    >
      <div class="bar" .style=${widthStyle(ratio)}></div>
    </div>
  </div>`;
}

function bulkActions(view: View): [BulkAction, string][] {
  const { uploads, held, translate } = view;
  const hasUpload = (matches: (upload: UploadSnapshot) => boolean): boolean => uploads.some(matches);
  const actions: [BulkAction, string, boolean][] = [
    ['start', translate('startAll'), held && hasUpload(({ status }) => status === 'queued')],
    [
      'pause',
      translate('pauseAll'),
      hasUpload((upload) => isPending(upload) && upload.status !== 'paused' && !(held && upload.status === 'queued')),
    ],
    [
      'resume',
      translate('resumeAll'),
      countRecoverable(view).ready === 0 && hasUpload(({ status }) => status === 'paused'),
    ],
    ['retry', translate('retryAll'), hasUpload(({ status }) => status === 'failed')],
    ['abort', translate('abortAll'), hasUpload(isPending)],
    ['clear', translate('clearDone'), hasUpload(hasEnded)],
  ];
  return actions.filter(([, , isShown]) => isShown).map(([action, text]) => [action, text]);
}
