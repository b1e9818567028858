import { html, nothing, svg, type TemplateResult } from 'lit';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { DEFAULT_PART_SIZE } from '../../limits.js';
import { isOver } from '../form/form-control.js';
import { icons } from '../styles/icons.js';
import { mapOf } from './part-map.js';
import { question } from './question-template.js';
import { sparkOf } from './speed-history.js';
import { errorText, statusText, type RowAction, type View } from '../i18n/status-text.js';

/** Set as a property, which a page's content security policy allows where it forbids the attribute. */
export const lengthOf = (ratio: number): string => `inline-size:${(ratio * 100).toFixed(2)}%`;

/** Where a row stands in a list of which only some rows are rendered; without it assistive technology counts. */
export interface Place {
  readonly position: number;
  readonly count: number;
}

/** One upload as a list item: name, progress, what it does or waits for, and its buttons. */
export function row(upload: UploadSnapshot, view: View, place: Place | null): TemplateResult {
  const { say, format } = view;
  const { id, name, size, status, loaded, ratio, speed, eta, retries, parts } = upload;
  const text = statusText(upload, view);
  const left = status === 'uploading' && eta !== null ? say('timeLeft', { time: format.time(eta) }) : '';
  const isWhole = status === 'complete' || loaded === 0;
  const sizes = isWhole
    ? format.bytes(size)
    : say('sizeOf', { loaded: format.bytes(loaded), size: format.bytes(size) });
  const done = status === 'complete' ? 1 : ratio;
  // Found from an earlier visit, how much is stored is not known yet: 0 % would look like lost work.
  const isUnknown = status === 'needs-file' && loaded === 0;
  const isAsked = view.asked === id && !isOver(upload);
  const error = status === 'waiting' || status === 'needs-file' ? upload.error : null;
  return html` <div
    part="item"
    role="listitem"
    class="row"
    data-id=${id}
    data-status=${status}
    aria-posinset=${place?.position ?? nothing}
    aria-setsize=${place?.count ?? nothing}
  >
    <span class="glyph" aria-hidden="true">${glyph(upload, view)}</span>
    <div class="line head">
      ${nameTemplate(upload.relativePath || name, name)}
      ${isUnknown ? nothing : html`<span part="percent" class="percent">${format.percent(done)}</span>`}
    </div>
    ${
      isUnknown
        ? nothing
        : html`<div
            part="progress"
            class="progress"
            role="progressbar"
            aria-label=${name}
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=${Math.floor(done * 100)}
            aria-valuetext=${[format.percent(done), text, left].filter(Boolean).join(', ')}
          >
            <div part="bar" class="bar" .style=${lengthOf(done)}></div>
          </div>`
    }
    ${isUnknown || size <= DEFAULT_PART_SIZE || parts.total === 1 ? nothing : map(upload, view)}
    <div class="line foot small">
      <span part="status" class="status">${text}</span>
      <span class="figures">
        <span><bdi part="size">${sizes}</bdi></span>
        ${retries > 0 && !isOver(upload) ? html`<span part="retries">${say('retried', { count: retries })}</span>` : nothing}
        ${
          status === 'uploading' && speed > 0
            ? html`<span>${spark(sparkOf(view.speeds(id)))}<bdi part="speed">${format.speed(speed)}</bdi></span>`
            : nothing
        }
        ${left ? html`<span><bdi part="time">${left}</bdi></span>` : nothing}
      </span>
    </div>
    ${error ? html`<div part="error" class="explanation small">${errorText(upload, error, say)}</div>` : nothing}
    ${isAsked ? question(say('askAbort'), say('abort'), say) : nothing}
    <div class="actions">${isAsked ? nothing : actions(upload, view)}</div>
  </div>`;
}

/** One key stored before, as an edit form brings it. */
export const adoptedRow = (value: string, { say }: View, place: Place | null): TemplateResult =>
  html` <div
    part="item"
    role="listitem"
    class="row"
    data-value=${value}
    data-status="complete"
    aria-posinset=${place?.position ?? nothing}
    aria-setsize=${place?.count ?? nothing}
  >
    <span class="glyph" aria-hidden="true">${icons.done}</span>
    <div class="line head">${nameTemplate(value, lastSegment(value))}</div>
    <div class="line foot small"><span part="status" class="status">${say('complete')}</span></div>
    <div class="actions">
      ${button('forget-value', 'dismiss', icons.abort, say('remove'), say('removeNamed', { name: lastSegment(value) }))}
    </div>
  </div>`;

const lastSegment = (key: string): string => key.split('/').at(-1) || key;

/** The end of a name tells more than its middle: the start gives way, the last signs stay. */
function nameTemplate(full: string, name: string): TemplateResult {
  const signs = [...name];
  let cut = signs.length - Math.min(8, Math.floor(signs.length / 2));
  // a space there would look like a hole
  while (signs[cut] === ' ') cut++;
  return html`<span part="name" class="name" title=${full}>
    <bdi class="cut" aria-hidden="true"
      ><span class="start">${signs.slice(0, cut).join('')}</span
      ><span class="end">${signs.slice(cut).join('')}</span></bdi
    ><span class="unseen">${name}</span></span
  >`;
}

const WHOLE = new Uint8Array(1);

/** About as wide on the screen whether cells are few or many. */
const gapOf = (columns: number): number => Math.round(Math.max(2, Math.min(25, columns / 4))) / 100;

/** Which parts are stored, on their way, or still to come. Its box is there from the start: nothing jumps. */
function map({ id, status, parts }: UploadSnapshot, { states, say }: View): TemplateResult {
  const known = states(id) ?? WHOLE;
  const { columns, lines, all, stored, partly, flying } = mapOf(known);
  return html`<svg
    part="map"
    class="map"
    role="img"
    aria-label=${say('partsStored', { done: parts.done, count: parts.total })}
    stroke-dasharray=${`${1 - gapOf(columns)} ${gapOf(columns)}`}
    viewBox="0 0 ${columns} ${lines}"
    preserveAspectRatio="none"
  >
    ${svg`<path class="all" d=${all}></path><path d=${status === 'complete' ? all : stored}></path>
      <path class="partly" d=${partly}></path><path class="flying" d=${flying}></path>`}
  </svg>`;
}

/** A drawing of how the speed went; what it tells stands beside it as a number. */
export const spark = (path: string): unknown =>
  path
    ? html`<svg class="spark" viewBox="0 0 40 10" preserveAspectRatio="none" aria-hidden="true">
        ${svg`<path d=${path}></path>`}
      </svg>`
    : nothing;

function glyph({ id, status }: UploadSnapshot, { thumbnails }: View): unknown {
  const sign =
    status === 'complete'
      ? icons.done
      : status === 'failed'
        ? icons.failed
        : status === 'waiting'
          ? icons.waiting
          : null;
  const thumbnail = thumbnails.get(id);
  return thumbnail ? html`${thumbnail}${sign && html`<span class="badge">${sign}</span>`}` : (sign ?? icons.file);
}

function actions(upload: UploadSnapshot, { say, held }: View): unknown {
  const { name, status } = upload;
  const named = (action: NamedAction, icon: unknown, part: string = action): TemplateResult =>
    button(action, part, icon, say(action), say(`${action}Named`, { name }));
  // It changes its duty rather than its element, so that pressing it never loses the focus.
  const first = (): unknown => {
    if (status === 'queued' && held) return named('start', icons.start, 'resume');
    if (upload.needsPermission || (status === 'paused' && upload.found))
      return button('resume', 'resume', icons.start, say('continue'), say('continueNamed', { name }), true);
    if (status === 'paused') return named('resume', icons.start);
    if (status === 'failed') return named('retry', icons.retry);
    if (status === 'needs-file')
      return button('choose', 'choose', icons.choose, say('choose'), say('chooseNamed', { name }), true);
    return isOver(upload) ? nothing : named('pause', icons.pause);
  };
  const last = isOver(upload)
    ? button('dismiss', 'dismiss', icons.abort, say('remove'), say('removeNamed', { name }))
    : named('abort', icons.abort);
  return html`${status === 'waiting' ? named('retry', icons.retry) : nothing}${first()}${last}`;
}

type NamedAction = 'start' | 'pause' | 'resume' | 'abort' | 'retry';

const button = (
  action: RowAction,
  part: string,
  icon: unknown,
  title: string,
  label: string,
  isWritten = false,
): TemplateResult =>
  html`<button
    type="button"
    part=${part}
    class=${isWritten ? 'written' : nothing}
    data-action=${action}
    title=${title}
    aria-label=${label}
  >
    ${icon}${isWritten ? html`<span class="word">${title}</span>` : nothing}
  </button>`;
