import { html, nothing } from 'lit';
import type { Translate } from '../i18n/translate.js';
import { icons } from '../styles/icons.js';

/** The messages on files that were not added. */
export interface MessagesView {
  readonly translate: Translate;
  /** The first of all messages. */
  readonly messages: readonly string[];
  /** The number of all messages. */
  readonly rejectedCount: number;
}

/** Renders the messages, and a button that closes them. */
export function messagesTemplate({ messages, rejectedCount, translate }: MessagesView, close: () => void): unknown {
  if (rejectedCount === 0) return nothing;
  const more = rejectedCount - messages.length;
  return html` <div part="messages" class="panel messages" data-group="messages">
    <ul>
      ${messages.map((message) => html`<li>${message}</li>`)}
      ${more > 0 ? html`<li>${translate('rejectedMore', { count: more })}</li>` : nothing}
    </ul>
    <button
      type="button"
      class="quiet"
      title=${translate('dismissMessages')}
      aria-label=${translate('dismissMessages')}
      @click=${close}
    >
      ${icons.abort}
    </button>
  </div>`;
}
