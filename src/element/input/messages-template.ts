import { html, nothing } from 'lit';
import type { Translate } from '../i18n/translate.js';
import { icons } from '../styles/icons.js';

/** The messages about files that were not added, and the message that the list cannot be shown. */
export interface MessagesView {
  readonly translate: Translate;
  /** The first messages about files that were not added; only these are shown. */
  readonly messages: readonly string[];
  /** The number of all messages about files that were not added, shown or not. */
  readonly rejectedCount: number;
  /** Shown while the list of uploads cannot be shown; otherwise empty. */
  readonly listFailureMessage: string;
}

/** Renders the messages, and a button that removes those about files. */
export function messagesTemplate(
  { messages, rejectedCount, listFailureMessage, translate }: MessagesView,
  clear: () => void,
): unknown {
  if (rejectedCount === 0 && !listFailureMessage) return nothing;
  const more = rejectedCount - messages.length;
  return html` <div part="messages" class="panel messages" data-group="messages">
    <ul>
      ${messages.map((message) => html`<li>${message}</li>`)}
      ${listFailureMessage ? html`<li>${listFailureMessage}</li>` : nothing}
      ${more > 0 ? html`<li>${translate('rejectedMore', { count: more })}</li>` : nothing}
    </ul>
    ${
      rejectedCount > 0
        ? html`<button
            type="button"
            class="quiet"
            title=${translate('dismissMessages')}
            aria-label=${translate('dismissMessages')}
            @click=${clear}
          >
            ${icons.dismiss}
          </button>`
        : nothing
    }
  </div>`;
}
