import { html, type TemplateResult } from 'lit';

/**
 * Renders a question that is asked before stored parts are deleted. The safe answer comes last and receives the focus.
 * @param confirm text of the button that deletes them
 * @param keep text of the button that deletes nothing
 */
export const questionTemplate = (text: string, confirm: string, keep: string): TemplateResult =>
  html`<div part="question" class="question" role="group" aria-label=${text}>
    <span>${text}</span>
    <span class="bulk"
      ><button type="button" class="plain danger" data-action="confirm">${confirm}</button
      ><button type="button" class="plain" data-action="keep">${keep}</button></span
    >
  </div>`;
