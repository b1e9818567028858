import { html, nothing, type TemplateResult } from 'lit';
import type { UploadSnapshot } from '../engine/types.js';
import { isOver } from './form-control.js';
import { icons } from './icons.js';
import { statusText, type RowAction, type View } from './view.js';

/** Set as a property, which a page's content security policy allows where it forbids the attribute. */
export const lengthOf = (ratio: number): string => `inline-size:${(ratio * 100).toFixed(2)}%`;

/** One upload as a list item: name, progress, what it does or waits for, and its buttons. */
export function row(upload: UploadSnapshot, view: View): TemplateResult {
  const { say, format } = view;
  const { id, name, size, status, loaded, ratio, speed, eta } = upload;
  const text = statusText(upload, view);
  const left = status === 'uploading' && eta !== null ? say('timeLeft', { time: format.time(eta) }) : '';
  const isWhole = status === 'complete' || loaded === 0;
  const sizes = isWhole
    ? format.bytes(size)
    : say('sizeOf', { loaded: format.bytes(loaded), size: format.bytes(size) });
  const done = status === 'complete' ? 1 : ratio;
  // Found from an earlier visit, how much is stored is not known yet: 0 % would look like lost work.
  const isUnknown = status === 'needs-file' && loaded === 0;
  const explained = status === 'waiting' ? upload.error?.message : undefined;
  return html` <li part="item" class="row" data-id=${id} data-status=${status}>
    <span class="glyph" aria-hidden="true">${glyph(upload)}</span>
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
    <div class="line foot small">
      <span part="status" class="status">${text}</span>
      <span class="figures">
        <span><bdi part="size">${sizes}</bdi></span>
        ${status === 'uploading' && speed > 0 ? html`<span><bdi part="speed">${format.speed(speed)}</bdi></span>` : nothing}
        ${left ? html`<span><bdi part="time">${left}</bdi></span>` : nothing}
      </span>
    </div>
    ${explained ? html`<div part="error" class="explanation small">${explained}</div>` : nothing}
    <div class="actions">${actions(upload, view)}</div>
  </li>`;
}

/** One key stored before, as an edit form brings it. */
export const adoptedRow = (value: string, { say }: View): TemplateResult =>
  html` <li part="item" class="row" data-value=${value} data-status="complete">
    <span class="glyph" aria-hidden="true">${icons.done}</span>
    <div class="line head">${nameTemplate(value, lastSegment(value))}</div>
    <div class="line foot small"><span part="status" class="status">${say('complete')}</span></div>
    <div class="actions">
      ${button('forget-value', 'dismiss', icons.abort, say('remove'), say('removeNamed', { name: lastSegment(value) }))}
    </div>
  </li>`;

const lastSegment = (key: string): string => key.split('/').at(-1) || key;

/** The end of a name tells more than its middle: the start gives way, the last signs stay. */
function nameTemplate(full: string, name: string): TemplateResult {
  const signs = [...name];
  const kept = Math.min(10, Math.floor(signs.length / 2));
  return html`<span part="name" class="name" title=${full}>
    <bdi class="cut" aria-hidden="true"
      ><span class="start">${signs.slice(0, signs.length - kept).join('')}</span
      ><span class="end">${signs.slice(signs.length - kept).join('')}</span></bdi
    ><span class="unseen">${name}</span></span
  >`;
}

function glyph({ status }: UploadSnapshot): unknown {
  if (status === 'complete') return icons.done;
  if (status === 'failed') return icons.failed;
  if (status === 'waiting') return icons.waiting;
  return icons.file;
}

function actions(upload: UploadSnapshot, { say, held }: View): unknown {
  const { name, status } = upload;
  const named = (action: NamedAction, icon: unknown, part: string = action): TemplateResult =>
    button(action, part, icon, say(action), say(`${action}Named`, { name }));
  // It changes its duty rather than its element, so that pressing it never loses the focus.
  const first = (): unknown => {
    if (status === 'queued' && held) return named('start', icons.start, 'resume');
    if (status === 'paused') return named('resume', icons.start);
    if (status === 'failed') return named('retry', icons.retry);
    if (status === 'needs-file') return named('choose', icons.choose);
    return isOver(upload) ? nothing : named('pause', icons.pause);
  };
  const last = isOver(upload)
    ? button('dismiss', 'dismiss', icons.abort, say('remove'), say('removeNamed', { name }))
    : named('abort', icons.abort);
  return html`${status === 'waiting' ? named('retry', icons.retry) : nothing}${first()}${last}`;
}

type NamedAction = Exclude<RowAction, 'dismiss' | 'forget-value'>;

const button = (action: RowAction, part: string, icon: unknown, title: string, label: string): TemplateResult =>
  html`<button type="button" part=${part} data-action=${action} title=${title} aria-label=${label}>
    ${icon}${action === 'choose' ? html`<span class="word">${title}</span>` : nothing}
  </button>`;
