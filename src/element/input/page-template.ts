import { html, nothing, type TemplateResult } from 'lit';
import { icons } from '../styles/icons.js';
import { dropzoneTemplate, type DropzoneHandlers, type DropzoneView } from './dropzone-template.js';
import type { LiveRegions } from './live-regions.js';
import { messagesTemplate, type MessagesView } from './messages-template.js';

/** All that the shadow tree shows, at one moment. */
export interface PageView extends DropzoneView, MessagesView {
  /** The rendered uploads; nothing until the code for them is loaded. */
  readonly uploadList: unknown;
  /** Whether to cover a drop area that is larger than the element. */
  readonly hasOverlay: boolean;
  readonly liveRegions: LiveRegions;
}

/** Listeners of the shadow tree. */
export interface PageHandlers extends DropzoneHandlers {
  readonly closeMessages: () => void;
  readonly keydown: (event: KeyboardEvent) => void;
}

/** Renders the shadow tree: drop zone, messages, uploads, live regions and overlay. */
export const pageTemplate = (view: PageView, on: PageHandlers): TemplateResult =>
  html` <div class="root" @keydown=${on.keydown}>
    ${dropzoneTemplate(view, on)} ${messagesTemplate(view, on.closeMessages)} ${view.uploadList}
    <div class="unseen" role="status">${view.liveRegions.polite}</div>
    <div class="unseen" role="alert">${view.liveRegions.assertive}</div>
    ${
      view.hasOverlay
        ? html`<div part="overlay" class="overlay" popover="manual" aria-hidden="true">
            <span>${icons.upload}${view.translate('dropNow')}</span>
          </div>`
        : nothing
    }
  </div>`;
