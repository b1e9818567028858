import { html, nothing, type TemplateResult } from 'lit';
import { icons } from '../styles/icons.js';
import { dropzoneTemplate, type DropzoneHandlers, type DropzoneView } from './dropzone-template.js';
import type { LiveRegions } from './live-regions.js';
import { messagesTemplate, type MessagesView } from './messages-template.js';

/** All data that the shadow tree shows. */
export interface ElementView extends DropzoneView, MessagesView {
  /** The rendered uploads; nothing until the code for them is loaded. */
  readonly uploadList: unknown;
  /** Whether to render the overlay: files are dragged over a drop area that is larger than the element. */
  readonly hasOverlay: boolean;
  readonly liveRegions: LiveRegions;
}

/** Listeners of the shadow tree. */
export interface ElementHandlers extends DropzoneHandlers {
  readonly closeMessages: () => void;
  readonly keydown: (event: KeyboardEvent) => void;
}

/** Renders the shadow tree: drop zone, messages, uploads, live regions and overlay. */
export const elementTemplate = (view: ElementView, handlers: ElementHandlers): TemplateResult =>
  html` <div class="root" @keydown=${handlers.keydown}>
    ${dropzoneTemplate(view, handlers)} ${messagesTemplate(view, handlers.closeMessages)} ${view.uploadList}
    <div class="visually-hidden" role="status">${view.liveRegions.polite}</div>
    <div class="visually-hidden" role="alert">${view.liveRegions.assertive}</div>
    ${
      view.hasOverlay
        ? html`<div part="overlay" class="overlay" popover="manual" aria-hidden="true">
            <span>${icons.upload}${view.translate('dropNow')}</span>
          </div>`
        : nothing
    }
  </div>`;
