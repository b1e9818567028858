import { html, nothing, type TemplateResult } from 'lit';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { hasEnded } from '../api/upload-state.js';
import { icons } from '../styles/icons.js';
import type { RowAction, View } from './view.js';

/** Actions with a text for the button, and one that also names the file. */
type NamedAction = 'start' | 'pause' | 'resume' | 'abort' | 'retry';

/** Renders the buttons of an upload. */
export function rowButtons(upload: UploadSnapshot, { translate, held }: View): unknown {
  const { name, status } = upload;
  const named = (action: NamedAction, icon: unknown, part: string = action): TemplateResult =>
    rowButton(action, part, icon, translate(action), translate(`${action}Named`, { name }));
  // the same element for all of these, so that it keeps the focus when its action changes
  const first = (): unknown => {
    if (status === 'queued' && held) return named('start', icons.start, 'resume');
    if (upload.needsPermission || (status === 'paused' && upload.found))
      return rowButton(
        'resume',
        'resume',
        icons.start,
        translate('continue'),
        translate('continueNamed', { name }),
        true,
      );
    if (status === 'paused') return named('resume', icons.start);
    if (status === 'failed') return named('retry', icons.retry);
    if (status === 'needs-file')
      return rowButton('choose', 'choose', icons.choose, translate('choose'), translate('chooseNamed', { name }), true);
    return hasEnded(upload) ? nothing : named('pause', icons.pause);
  };
  const last = hasEnded(upload)
    ? rowButton('dismiss', 'dismiss', icons.abort, translate('remove'), translate('removeNamed', { name }))
    : named('abort', icons.abort);
  return html`${status === 'waiting' ? named('retry', icons.retry) : nothing}${first()}${last}`;
}

/**
 * Renders a button of a row.
 * @param label accessible name, which includes the file's name
 * @param hasText whether the title is shown beside the icon
 */
export const rowButton = (
  action: RowAction,
  part: string,
  icon: unknown,
  title: string,
  label: string,
  hasText = false,
): TemplateResult =>
  html`<button
    type="button"
    part=${part}
    class=${hasText ? 'written' : nothing}
    data-action=${action}
    title=${title}
    aria-label=${label}
  >
    ${icon}${hasText ? html`<span class="word">${title}</span>` : nothing}
  </button>`;
