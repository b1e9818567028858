import { html, nothing, type TemplateResult } from 'lit';
import { isAwaitingUser } from '../api/upload-state.js';
import { questionTemplate } from './question-template.js';
import type { BulkAction, Handlers, View } from './view.js';

/**
 * Counts the unfinished uploads of an earlier page load: `ready` can be resumed, `missing` lack their file.
 */
export function countRecoverable({ uploads }: Pick<View, 'uploads'>): { ready: number; missing: number } {
  const recoverable = uploads.filter(isAwaitingUser);
  const missing = recoverable.filter(({ needsFile, needsPermission }) => needsFile && !needsPermission).length;
  return { ready: recoverable.length - missing, missing };
}

/** Renders the note on several unfinished uploads of an earlier page load. The row of a single one shows the same. */
export function recoveryTemplate(view: View, handlers: Handlers): unknown {
  const { translate, disabled, openQuestion } = view;
  const { ready, missing } = countRecoverable(view);
  const count = ready + missing;
  if (count < 2) return nothing;
  const button = (action: BulkAction, text: string): TemplateResult =>
    html`<button type="button" class="plain" data-action=${action} ?disabled=${disabled}>${text}</button>`;
  const textKey = missing === 0 ? 'recoverReady' : ready === 0 ? 'recoverFiles' : 'recoverFound';
  return html` <div part="recover" class="panel recover" data-group="recover" @click=${handlers.bulkClick}>
    ${
      openQuestion === 'discard-all'
        ? questionTemplate(
            translate('askDiscard', { count }),
            translate('recoverDiscard', { count }),
            translate('keep'),
          )
        : html`<p>${translate(textKey, { count })}</p>
            <span class="bulk">
              ${ready > 0 ? button('resume', translate('recoverResume', { count: ready })) : nothing}
              ${
                missing > 0
                  ? html`<button type="button" class="plain" ?disabled=${disabled} @click=${handlers.browse}>
                      ${translate('recoverChoose', { count: missing })}
                    </button>`
                  : nothing
              }
              ${button('discard', translate('recoverDiscard', { count }))}
            </span>`
    }
  </div>`;
}
