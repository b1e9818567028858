import { html, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import type { UploadSnapshot } from '../engine/types.js';
import { isOver, isUnderWay } from './form-control.js';
import { icons } from './icons.js';
import { adoptedRow, lengthOf, row } from './row-template.js';
import type { BulkAction, Handlers, View } from './view.js';

const SHOWN_MESSAGES = 5;
const LONG = 100;

/** The whole shadow tree: drop zone, messages, recovery, summary, list, live regions. */
export const page = (view: View, on: Handlers): TemplateResult =>
  html` <div class="root">
    ${dropzone(view, on)} ${refusals(view, on)} ${recovery(view, on)} ${summary(view, on)} ${list(view, on)}
    <div class="unseen" role="status">${view.polite}</div>
    <div class="unseen" role="alert">${view.assertive}</div>
  </div>`;

function dropzone(view: View, on: Handlers): TemplateResult {
  const { say, multiple, directory, disabled, canDrop, over, invited } = view;
  const browse = say(directory ? 'browseFolder' : multiple ? 'browseMany' : 'browse');
  const drop = canDrop ? say(over ? 'dropNow' : multiple || directory ? 'dropMany' : 'drop') : '';
  return html` <div
    part="dropzone"
    class=${over ? 'dropzone over' : 'dropzone'}
    ?data-disabled=${disabled}
    @click=${on.browse}
  >
    <span class="icon" aria-hidden="true"><slot name="icon">${icons.upload}</slot></span>
    <slot name="button"
      ><button type="button" part="button" class="browse" ?disabled=${disabled}>${browse}</button></slot
    >
    <span class="invitation"><slot @slotchange=${on.slotted}></slot>${invited ? nothing : drop}${sizeHint(view)}</span>
    <input
      type="file"
      hidden
      tabindex="-1"
      aria-label=${browse}
      accept=${view.accept || nothing}
      capture=${view.capture || nothing}
      ?multiple=${multiple}
      ?webkitdirectory=${directory}
      ?disabled=${disabled}
      @click=${stop}
      @input=${stop}
      @change=${on.picked}
      @cancel=${on.cancelled}
    />
  </div>`;
}

// Both leave the shadow root: the page would hear an `input` before anything is uploaded, the drop zone its own click.
const stop = (event: Event): void => event.stopPropagation();

function sizeHint({ say, format, minSize, maxSize }: View): unknown {
  const min = minSize === null ? '' : format.bytes(minSize);
  const max = maxSize === null ? '' : format.bytes(maxSize);
  if (!min && !max) return nothing;
  return html`<span class="hint"
    >${say(min && max ? 'sizeRange' : max ? 'sizeMost' : 'sizeLeast', { min, max })}</span
  >`;
}

function refusals({ messages, say }: View, on: Handlers): unknown {
  if (messages.length === 0) return nothing;
  const more = messages.length - SHOWN_MESSAGES;
  return html` <div part="messages" class="panel messages">
    <ul>
      ${messages.slice(0, SHOWN_MESSAGES).map((message) => html`<li>${message}</li>`)}
      ${more > 0 ? html`<li>${say('rejectedMore', { count: more })}</li>` : nothing}
    </ul>
    <button
      type="button"
      class="quiet"
      title=${say('dismissMessages')}
      aria-label=${say('dismissMessages')}
      @click=${on.dismissMessages}
    >
      ${icons.abort}
    </button>
  </div>`;
}

function recovery({ uploads, say, disabled }: View, on: Handlers): unknown {
  const count = uploads.filter(({ status }) => status === 'needs-file').length;
  if (count === 0) return nothing;
  return html` <div part="recover" class="panel recover">
    <p>${say('recoverFiles', { count })}</p>
    <button type="button" class="plain" ?disabled=${disabled} @click=${on.browse}>
      ${say('recoverChoose', { count })}
    </button>
  </div>`;
}

function summary(view: View, on: Handlers): unknown {
  const { uploads, adopted, progress, say, format, status } = view;
  if (uploads.length + adopted.length < 2) return nothing;
  // What was aborted is neither done nor to be done.
  const count = uploads.filter((upload) => upload.status !== 'aborted').length + adopted.length;
  const done = uploads.filter((upload) => upload.status === 'complete').length + adopted.length;
  const failed = uploads.filter((upload) => upload.status === 'failed').length;
  const isMoving = status === 'uploading';
  const words = [
    count > 0 ? say(done === count ? 'summaryAllStored' : 'summaryStored', { done, count }) : '',
    failed > 0 ? say('summaryFailed', { count: failed }) : '',
    progress.total > 0 && done < count
      ? say('sizeOf', { loaded: format.bytes(progress.loaded), size: format.bytes(progress.total) })
      : '',
    isMoving && progress.speed > 0 ? format.speed(progress.speed) : '',
    isMoving && progress.eta !== null ? say('timeLeft', { time: format.time(progress.eta) }) : '',
  ];
  return html` <div part="summary" class="summary">
    <span class="words">${words.filter(Boolean).map((word) => html`<span><bdi>${word}</bdi></span>`)}</span>
    <span class="bulk" @click=${on.bulk}
      >${bulkActions(view).map(
        ([action, text]) => html`<button type="button" class="plain" data-action=${action}>${text}</button>`,
      )}</span
    >
    <div
      class="progress total"
      role="progressbar"
      aria-label=${say('totalProgress')}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.floor(progress.ratio * 100)}
      aria-valuetext=${words.filter(Boolean).join(', ')}
      ?hidden=${done === count}
    >
      <div class="bar" .style=${lengthOf(progress.ratio)}></div>
    </div>
  </div>`;
}

function bulkActions({ uploads, held, say }: View): [BulkAction, string][] {
  const some = (test: (upload: UploadSnapshot) => boolean): boolean => uploads.some(test);
  const offered: [BulkAction, string, boolean][] = [
    ['start', say('startAll'), held && some(({ status }) => status === 'queued')],
    [
      'pause',
      say('pauseAll'),
      some((upload) => isUnderWay(upload) && upload.status !== 'paused' && !(held && upload.status === 'queued')),
    ],
    ['resume', say('resumeAll'), some(({ status }) => status === 'paused')],
    ['clear', say('clearDone'), some(isOver)],
  ];
  return offered.filter(([, , isOffered]) => isOffered).map(([action, text]) => [action, text]);
}

function list(view: View, on: Handlers): unknown {
  const { uploads, adopted, say } = view;
  if (uploads.length + adopted.length === 0) return nothing;
  const settled = [view.say, view.format, view.held, view.offline];
  // A snapshot stays the same object while nothing about it changes; only a countdown moves by itself.
  const countdown = ({ retryAt }: UploadSnapshot): number =>
    retryAt === null ? 0 : Math.ceil((retryAt - view.now) / 1000);
  return html` <ul
    part="list"
    class=${uploads.length > LONG ? 'list long' : 'list'}
    aria-label=${say('files')}
    @click=${on.row}
  >
    ${repeat(
      adopted,
      (value) => `value ${value}`,
      (value) => adoptedRow(value, view),
    )}
    ${repeat(
      uploads,
      ({ id }) => id,
      (upload) => guard([upload, countdown(upload), ...settled], () => row(upload, view)),
    )}
  </ul>`;
}
