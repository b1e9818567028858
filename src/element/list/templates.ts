import { html, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { isAtRest, isOver, isUnderWay } from '../form/form-control.js';
import { icons } from '../styles/icons.js';
import { question } from './question-template.js';
import { adoptedRow, lengthOf, row, spark, type Place } from './row-template.js';
import { LONG, type Run } from './row-window.js';
import { sparkOf } from './speed-history.js';
import type { BulkAction, Handlers, View } from '../i18n/status-text.js';

/** The whole shadow tree: drop zone, messages, recovery, summary, list, live regions. */
export const page = (view: View, on: Handlers): TemplateResult =>
  html` <div class="root" @keydown=${on.key}>
    ${dropzone(view, on)} ${refusals(view, on)} ${ofAll(view, () => recovery(view, on))}
    ${ofAll(view, () => summary(view, on))} ${list(view, on)}
    <div class="unseen" role="status">${view.polite}</div>
    <div class="unseen" role="alert">${view.assertive}</div>
    ${
      view.overlaid
        ? html`<div part="overlay" class="overlay" popover="manual" aria-hidden="true">
            <span>${icons.upload}${view.say('dropNow')}</span>
          </div>`
        : nothing
    }
  </div>`;

/** What looks through all uploads, made anew only where they, or what is said of them, changed: scrolling costs none of it. */
const ofAll = ({ uploads, adopted, status, asked, held, disabled, say, format }: View, make: () => unknown): unknown =>
  guard([uploads, adopted.length, status, asked, held, disabled, say, format], make);

function dropzone(view: View, on: Handlers): TemplateResult {
  const { say, multiple, directory, disabled, canDrop, over, invited, reading } = view;
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
    <span class="invitation"
      >${
        reading > 0
          ? html`<span class="reading">${say('reading', { count: reading })}</span>`
          : html`<slot @slotchange=${on.slotted}></slot>${invited ? nothing : drop}${sizeHint(view)}`
      }</span
    >
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

function refusals({ messages, refused, say }: View, on: Handlers): unknown {
  if (refused === 0) return nothing;
  const more = refused - messages.length;
  return html` <div part="messages" class="panel messages" data-group="messages">
    <ul>
      ${messages.map((message) => html`<li>${message}</li>`)}
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

/** What an earlier visit left and waits for somebody: how many can go on by a click, and how many lack their file. */
function restsOf({ uploads }: View): { ready: number; lost: number } {
  const resting = uploads.filter(isAtRest);
  const lost = resting.filter(({ needsFile, needsPermission }) => needsFile && !needsPermission).length;
  return { ready: resting.length - lost, lost };
}

function recovery(view: View, on: Handlers): unknown {
  const { say, disabled, asked } = view;
  const { ready, lost } = restsOf(view);
  const count = ready + lost;
  if (count === 0) return nothing;
  const act = (action: BulkAction, text: string): TemplateResult =>
    html`<button type="button" class="plain" data-action=${action} ?disabled=${disabled}>${text}</button>`;
  const text = say(lost === 0 ? 'recoverReady' : ready === 0 ? 'recoverFiles' : 'recoverFound', { count });
  if (asked === 'discard-all')
    return html` <div part="recover" class="panel recover" data-group="recover" @click=${on.bulk}>
      ${question(say('askDiscard', { count }), say('recoverDiscard', { count }), say)}
    </div>`;
  return html` <div part="recover" class="panel recover" data-group="recover">
    <p>${text}</p>
    <span class="bulk" @click=${on.bulk}>
      ${ready > 0 ? act('resume', say('recoverResume', { count: ready })) : nothing}
      ${
        lost > 0
          ? html`<button type="button" class="plain" ?disabled=${disabled} @click=${on.browse}>
              ${say('recoverChoose', { count: lost })}
            </button>`
          : nothing
      }
      ${act('discard', say('recoverDiscard', { count }))}
    </span>
  </div>`;
}

function summary(view: View, on: Handlers): unknown {
  const { uploads, adopted, progress, say, format, status, asked } = view;
  if (uploads.length + adopted.length < 2) return nothing;
  // What was aborted is neither done nor to be done.
  const count = uploads.filter((upload) => upload.status !== 'aborted').length + adopted.length;
  const done = uploads.filter((upload) => upload.status === 'complete').length + adopted.length;
  const failed = uploads.filter((upload) => upload.status === 'failed').length;
  const isMoving = status === 'uploading';
  const speed = format.speed(progress.speed);
  const words = [
    count > 0 ? say(done === count ? 'summaryAllStored' : 'summaryStored', { done, count }) : '',
    failed > 0 ? say('summaryFailed', { count: failed }) : '',
    progress.total > 0 && done < count
      ? say('sizeOf', { loaded: format.bytes(progress.loaded), size: format.bytes(progress.total) })
      : '',
    isMoving && progress.speed > 0 ? speed : '',
    isMoving && progress.speed > 0 && progress.eta !== null ? say('timeLeft', { time: format.time(progress.eta) }) : '',
  ];
  const running = uploads.filter(isUnderWay).length;
  const drawn = (word: string): unknown => (word === speed ? spark(sparkOf(view.speeds(''))) : nothing);
  return html` <div part="summary" class="summary" data-group="summary" @click=${on.bulk}>
    <span class="words"
      >${words.filter(Boolean).map((word) => html`<span>${drawn(word)}<bdi>${word}</bdi></span>`)}</span
    >
    ${
      asked === 'abort-all' && running > 0
        ? question(say('askAbortAll', { count: running }), say('abortAll'), say)
        : html`<span class="bulk"
            >${bulkActions(view).map(
              ([action, text]) => html`<button type="button" class="plain" data-action=${action}>${text}</button>`,
            )}</span
          >`
    }
    <div
      part="total"
      class="progress total"
      role="progressbar"
      aria-label=${say('totalProgress')}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.floor(progress.ratio * 100)}
      aria-valuetext=${words.filter(Boolean).join(', ')}
      ?hidden=${done === count || progress.total === 0}
    >
      <div class="bar" .style=${lengthOf(progress.ratio)}></div>
    </div>
  </div>`;
}

function bulkActions(view: View): [BulkAction, string][] {
  const { uploads, held, say } = view;
  const some = (test: (upload: UploadSnapshot) => boolean): boolean => uploads.some(test);
  const offered: [BulkAction, string, boolean][] = [
    ['start', say('startAll'), held && some(({ status }) => status === 'queued')],
    [
      'pause',
      say('pauseAll'),
      some((upload) => isUnderWay(upload) && upload.status !== 'paused' && !(held && upload.status === 'queued')),
    ],
    ['resume', say('resumeAll'), restsOf(view).ready === 0 && some(({ status }) => status === 'paused')],
    ['retry', say('retryAll'), some(({ status }) => status === 'failed')],
    ['abort', say('abortAll'), some(isUnderWay)],
    ['clear', say('clearDone'), some(isOver)],
  ];
  return offered.filter(([, , isOffered]) => isOffered).map(([action, text]) => [action, text]);
}

/** In blocks, those of a long list that are far from view without their rows; a list by its role, which WebKit drops. */
function list(view: View, on: Handlers): unknown {
  const { uploads, adopted, say, window } = view;
  const count = uploads.length + adopted.length;
  if (count === 0) return nothing;
  return html` <div
    part="list"
    role="list"
    class=${count > LONG ? 'list long' : 'list'}
    aria-label=${say('files')}
    @click=${on.row}
  >
    ${repeat(
      window.runs(count),
      ({ begin, isNear }) => (isNear ? begin : `from ${begin}`),
      (run) =>
        html`<div role="none" class="block" .style=${run.isNear ? '' : `block-size:${window.heightOf(run)}px`}>
          ${run.isNear ? rowsOf(view, run) : nothing}
        </div>`,
    )}
  </div>`;
}

function rowsOf(view: View, { begin, end }: Run): unknown {
  const { uploads, adopted, asked, thumbnails } = view;
  const count = uploads.length + adopted.length;
  const settled = [view.say, view.format, view.held, view.offline];
  // A snapshot stays the same object while nothing about it changes; only a countdown moves by itself.
  const countdown = ({ retryAt }: UploadSnapshot): number =>
    retryAt === null ? 0 : Math.ceil((retryAt - view.now) / 1000);
  const placeOf = (index: number): Place | null => (count > LONG ? { position: index + 1, count } : null);
  const indexes = Array.from({ length: end - begin }, (_, index) => begin + index);
  return repeat(
    indexes,
    (index) => uploads[index - adopted.length]?.id ?? `value ${adopted[index]}`,
    (index) => {
      const upload = uploads[index - adopted.length];
      if (!upload) return adoptedRow(adopted[index]!, view, placeOf(index));
      const { id } = upload;
      const own = [upload, countdown(upload), asked === id, thumbnails.get(id), count > LONG && `${index} ${count}`];
      return guard([...own, ...settled], () => row(upload, view, placeOf(index)));
    },
  );
}
