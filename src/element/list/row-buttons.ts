import { html, nothing, type TemplateResult } from 'lit';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { hasEnded } from '../api/upload-state.js';
import type { Translate } from '../i18n/translate.js';
import { icons } from '../styles/icons.js';
import type { RowAction, View } from './view.js';

/** Texts of buttons: `pause` is the title, `pauseNamed` the label, which names the file. */
type ButtonText = 'start' | 'pause' | 'resume' | 'continue' | 'abort' | 'retry' | 'choose' | 'remove';

/** Renders the buttons of an upload. */
export function rowButtons(upload: UploadSnapshot, view: View): unknown {
  const { name, status } = upload;
  const button = (action: RowAction, icon: unknown, details?: ButtonDetails): TemplateResult =>
    rowButton(name, view.translate, action, icon, details);
  // the note above the list says what to do with several
  const hasText = view.recoverableCount === 1;
  // Lit keeps the same <button> for all of these, so it keeps the focus when its action changes
  const mainButton = (): unknown => {
    if (status === 'queued' && view.held) return button('start', icons.start, { part: 'resume' });
    if (upload.needsPermission || (status === 'paused' && upload.found))
      return button('resume', icons.start, { text: 'continue', hasText });
    if (status === 'paused') return button('resume', icons.start);
    if (status === 'failed') return button('retry', icons.retry);
    if (status === 'needs-file') return button('choose', icons.choose, { hasText });
    return hasEnded(upload) ? nothing : button('pause', icons.pause);
  };
  const lastButton = hasEnded(upload)
    ? button('dismiss', status === 'complete' ? icons.remove : icons.dismiss, { text: 'remove' })
    : button('abort', icons.abort);
  return html`${status === 'waiting' ? button('retry', icons.retry) : nothing}${mainButton()}${lastButton}`;
}

interface ButtonDetails {
  /** The action by default. */
  readonly part?: string;
  /** The action by default. */
  readonly text?: ButtonText;
  /** Whether the title is shown beside the icon. */
  readonly hasText?: boolean;
}

/** Renders a button of a row. @param name of the file */
export function rowButton(
  name: string,
  translate: Translate,
  action: RowAction,
  icon: unknown,
  { part = action, text = action as ButtonText, hasText = false }: ButtonDetails = {},
): TemplateResult {
  const title = translate(text);
  return html`<button
    type="button"
    part=${part}
    class=${hasText ? 'with-text' : nothing}
    data-action=${action}
    title=${title}
    aria-label=${translate(`${text}Named`, { name })}
  >
    ${icon}${hasText ? html`<span>${title}</span>` : nothing}
  </button>`;
}
