import { html, nothing, type TemplateResult } from 'lit';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { hasEnded } from '../api/upload-state.js';
import { icons } from '../styles/icons.js';
import type { RowAction, View } from './view.js';

/** Actions with two texts: `pause` is the title of the button, `pauseNamed` its label, which names the file. */
type NamedAction = 'start' | 'pause' | 'resume' | 'abort' | 'retry';

/** Renders the buttons of an upload. */
export function rowButtons(upload: UploadSnapshot, view: View): unknown {
  const { translate, held } = view;
  // the note above the list says what to do with several
  const isOnlyRecoverable = view.recoverableCount === 1;
  const { name, status } = upload;
  const namedButton = (action: NamedAction, icon: unknown, part: string = action): TemplateResult =>
    rowButton(action, part, icon, translate(action), translate(`${action}Named`, { name }));
  // Lit keeps the same <button> for all of these, so it keeps the focus when its action changes
  const mainButton = (): unknown => {
    if (status === 'queued' && held) return namedButton('start', icons.start, 'resume');
    if (upload.needsPermission || (status === 'paused' && upload.found))
      return rowButton(
        'resume',
        'resume',
        icons.start,
        translate('continue'),
        translate('continueNamed', { name }),
        isOnlyRecoverable,
      );
    if (status === 'paused') return namedButton('resume', icons.start);
    if (status === 'failed') return namedButton('retry', icons.retry);
    if (status === 'needs-file')
      return rowButton(
        'choose',
        'choose',
        icons.choose,
        translate('choose'),
        translate('chooseNamed', { name }),
        isOnlyRecoverable,
      );
    return hasEnded(upload) ? nothing : namedButton('pause', icons.pause);
  };
  const lastButton = hasEnded(upload)
    ? rowButton(
        'dismiss',
        'dismiss',
        status === 'complete' ? icons.remove : icons.dismiss,
        translate('remove'),
        translate('removeNamed', { name }),
      )
    : namedButton('abort', icons.abort);
  return html`${status === 'waiting' ? namedButton('retry', icons.retry) : nothing}${mainButton()}${lastButton}`;
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
    class=${hasText ? 'with-text' : nothing}
    data-action=${action}
    title=${title}
    aria-label=${label}
  >
    ${icon}${hasText ? html`<span class="button-text">${title}</span>` : nothing}
  </button>`;
