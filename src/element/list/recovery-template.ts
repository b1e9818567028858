import { html, nothing, type TemplateResult } from 'lit';
import { isAwaitingUser } from '../api/upload-state.js';
import { questionTemplate } from './question-template.js';
import type { BulkAction, Handlers, View } from './view.js';

/**
 * Counts the unfinished uploads of an earlier page load: those that can be resumed, and those whose file is missing.
 */
export function countRecoverable({ uploads }: Pick<View, 'uploads'>): { ready: number; missing: number } {
  const waiting = uploads.filter(isAwaitingUser);
  const missing = waiting.filter(({ needsFile, needsPermission }) => needsFile && !needsPermission).length;
  return { ready: waiting.length - missing, missing };
}

/** Renders the note on unfinished uploads of an earlier page load. */
export function recoveryTemplate(view: View, on: Handlers): unknown {
  const { translate, disabled, openQuestion } = view;
  const { ready, missing } = countRecoverable(view);
  const count = ready + missing;
  if (count === 0) return nothing;
  const button = (action: BulkAction, text: string): TemplateResult =>
    html`<button type="button" class="plain" data-action=${action} ?disabled=${disabled}>${text}</button>`;
  const text = missing === 0 ? 'recoverReady' : ready === 0 ? 'recoverFiles' : 'recoverFound';
  return html` <div part="recover" class="panel recover" data-group="recover" @click=${on.bulkClick}>
    ${
      openQuestion === 'discard-all'
        ? questionTemplate(translate('askDiscard', { count }), translate('recoverDiscard', { count }), translate)
        : html`<p>${translate(text, { count })}</p>
            <span class="bulk">
              ${ready > 0 ? button('resume', translate('recoverResume', { count: ready })) : nothing}
              ${
                missing > 0
                  ? html`<button type="button" class="plain" ?disabled=${disabled} @click=${on.browse}>
                      ${translate('recoverChoose', { count: missing })}
                    </button>`
                  : nothing
              }
              ${button('discard', translate('recoverDiscard', { count }))}
            </span>`
    }
  </div>`;
}
