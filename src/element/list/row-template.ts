import { html, nothing, type TemplateResult } from 'lit';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { DEFAULT_PART_SIZE } from '../../limits.js';
import { hasEnded } from '../api/upload-state.js';
import { errorText } from '../i18n/error-text.js';
import { statusText } from '../i18n/status-text.js';
import { icons } from '../styles/icons.js';
import { partMapTemplate } from './part-map-template.js';
import { questionTemplate } from './question-template.js';
import { isProgressUnknown, shownRatio } from './shown-progress.js';
import { rowButtons } from './row-buttons.js';
import { sparklineTemplate } from './sparkline-template.js';
import type { View } from './view.js';

/** Returns a value of the `style` property; a strict content security policy forbids the attribute. */
export const widthStyle = (ratio: number): string => `inline-size:${(ratio * 100).toFixed(2)}%`;

/** The position of a row in a long list, for assistive technology, which cannot count rows that are not rendered. */
export interface ListPosition {
  readonly position: number;
  readonly count: number;
}

/** Renders an upload as a list item: name, progress, status, figures and buttons. */
export function rowTemplate(upload: UploadSnapshot, view: View, position: ListPosition | null): TemplateResult {
  const { translate, format } = view;
  const { id, name, size, status, loaded, ratio, speed, eta, retries, parts } = upload;
  const isComplete = status === 'complete';
  const isUploading = status === 'uploading';
  const statusDescription = statusText(upload, view);
  const timeLeft = isUploading && eta !== null ? translate('timeLeft', { time: format.time(eta) }) : '';
  const sizeText =
    isComplete || loaded === 0
      ? format.bytes(size)
      : translate('sizeOf', { loaded: format.bytes(loaded), size: format.bytes(size) });
  const progress = isProgressUnknown(upload) ? null : shownRatio(ratio, isComplete);
  // another tab's parts are not known here
  const states = view.showsPartMaps && size > DEFAULT_PART_SIZE && parts.total > 1 ? view.partStates(id) : null;
  const isQuestionOpen = view.openQuestion === id && !hasEnded(upload);
  // the status text of a failed upload contains its error
  const error = status === 'waiting' || status === 'needs-file' ? upload.error : null;
  return html` <div
    part="item"
    role="listitem"
    class="row"
    data-id=${id}
    data-status=${status}
    aria-posinset=${position?.position ?? nothing}
    aria-setsize=${position?.count ?? nothing}
  >
    <span class="glyph" aria-hidden="true">${glyphTemplate(upload, view)}</span>
    <div class="line head">
      ${nameTemplate(upload.relativePath || name, name)}
      ${progress === null ? nothing : html`<span part="percent" class="percent">${format.percent(progress)}</span>`}
    </div>
    ${
      progress === null
        ? nothing
        : html`<div
            part="progress"
            class=${states ? 'progress segmented' : 'progress'}
            role="progressbar"
            title=${states ? translate('partsStored', { done: parts.done, count: parts.total }) : nothing}
            aria-label=${name}
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=${Math.floor(progress * 100)}
            aria-valuetext=${[format.percent(progress), statusDescription, timeLeft].filter(Boolean).join(', ')}
          >
            ${
              states
                ? partMapTemplate(upload, states)
                : html`<div part="bar" class="bar" .style=${widthStyle(progress)}></div>`
            }
          </div>`
    }
    <div class="line foot small">
      <span part="status" class="status">${statusDescription}</span>
      <span class="figures">
        <span><bdi part="size">${sizeText}</bdi></span>
        ${
          retries > 0 && !hasEnded(upload)
            ? html`<span part="retries">${translate('retried', { count: retries })}</span>`
            : nothing
        }
        ${
          isUploading && speed > 0
            ? html`<span
                >${sparklineTemplate(view.sparklinePath(id))}<bdi part="speed">${format.speed(speed)}</bdi></span
              >`
            : nothing
        }
        ${timeLeft ? html`<span><bdi part="time">${timeLeft}</bdi></span>` : nothing}
      </span>
    </div>
    ${error ? html`<div part="error" class="error small">${errorText(upload, error, translate)}</div>` : nothing}
    ${isQuestionOpen ? questionTemplate(translate('askAbort'), translate('confirmAbort', { count: 1 }), translate('keepUploading')) : nothing}
    <div class="actions">${isQuestionOpen ? nothing : rowButtons(upload, view)}</div>
  </div>`;
}

/** Renders a name in two halves, so that CSS shortens a long name in its middle: names often differ only at the end. */
export function nameTemplate(fullName: string, name: string): TemplateResult {
  const characters = [...name];
  let endIndex = characters.length - Math.min(8, Math.floor(characters.length / 2));
  // a space at the start of the second half would look like a gap
  while (characters[endIndex] === ' ') endIndex++;
  return html`<span part="name" class="name" title=${fullName}>
    <bdi class="split" aria-hidden="true"
      ><span class="start">${characters.slice(0, endIndex).join('')}</span
      ><span class="end">${characters.slice(endIndex).join('')}</span></bdi
    ><span class="visually-hidden">${name}</span></span
  >`;
}

function glyphTemplate({ id, status }: UploadSnapshot, { thumbnails }: View): unknown {
  const statusIcon =
    status === 'complete'
      ? icons.done
      : status === 'failed'
        ? icons.failed
        : status === 'waiting'
          ? icons.waiting
          : null;
  const thumbnail = thumbnails.get(id);
  return thumbnail
    ? html`${thumbnail}${statusIcon && html`<span class="badge">${statusIcon}</span>`}`
    : (statusIcon ?? icons.file);
}
