import { html, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { dropzoneTemplate } from '../input/dropzone-template.js';
import { messagesTemplate } from '../input/messages-template.js';
import { icons } from '../styles/icons.js';
import { listTemplate } from './list-template.js';
import { recoveryTemplate } from './recovery-template.js';
import { summaryTemplate } from './summary-template.js';
import type { Handlers, View } from './view.js';

/** Renders the shadow tree: drop zone, messages, recovery, summary, list, live regions and overlay. */
export const pageTemplate = (view: View, on: Handlers): TemplateResult =>
  html` <div class="root" @keydown=${on.keydown}>
    ${dropzoneTemplate(view, on)} ${messagesTemplate(view, on.closeMessages)}
    ${whenUploadsChange(view, () => recoveryTemplate(view, on))}
    ${whenUploadsChange(view, () => summaryTemplate(view, on))} ${listTemplate(view, on)}
    <div class="unseen" role="status">${view.polite}</div>
    <div class="unseen" role="alert">${view.assertive}</div>
    ${
      view.hasOverlay
        ? html`<div part="overlay" class="overlay" popover="manual" aria-hidden="true">
            <span>${icons.upload}${view.translate('dropNow')}</span>
          </div>`
        : nothing
    }
  </div>`;

/** Skips templates that iterate over all uploads while none of these values changes, as during scrolling. */
const whenUploadsChange = (
  { uploads, storedKeys, status, openQuestion, held, disabled, translate, format }: View,
  render: () => unknown,
): unknown => guard([uploads, storedKeys.length, status, openQuestion, held, disabled, translate, format], render);
