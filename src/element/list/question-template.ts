import { html, type TemplateResult } from 'lit';
import type { Say } from '../i18n/status-text.js';

/**
 * Asks before something is lost that the store holds. The safe answer stands last, where the focus comes to.
 * @param yes what the button says that does it
 */
export const question = (text: string, yes: string, say: Say): TemplateResult =>
  html`<div part="question" class="question" role="group" aria-label=${text} data-group="question">
    <span>${text}</span>
    <span class="bulk"
      ><button type="button" class="plain danger" data-action="confirm">${yes}</button
      ><button type="button" class="plain" data-action="keep">${say('keep')}</button></span
    >
  </div>`;
