import { html, nothing } from 'lit';
import type { Translate } from '../i18n/translate.js';
import { icons } from '../styles/icons.js';

/** The messages on files that were not added, and on a list that cannot be shown. */
export interface MessagesView {
  readonly translate: Translate;
  /** The first of all messages. */
  readonly messages: readonly string[];
  /** The number of all messages. */
  readonly rejectedCount: number;
  /** Shown until the list of uploads can be; empty if it can, or if nothing is listed. */
  readonly listNotice: string;
}

/** Renders the messages, and a button that closes them. */
export function messagesTemplate(
  { messages, rejectedCount, listNotice, translate }: MessagesView,
  close: () => void,
): unknown {
  if (rejectedCount === 0 && !listNotice) return nothing;
  const more = rejectedCount - messages.length;
  return html` <div part="messages" class="panel messages" data-group="messages">
    <ul>
      ${messages.map((message) => html`<li>${message}</li>`)} ${listNotice ? html`<li>${listNotice}</li>` : nothing}
      ${more > 0 ? html`<li>${translate('rejectedMore', { count: more })}</li>` : nothing}
    </ul>
    ${
      rejectedCount > 0
        ? html`<button
            type="button"
            class="quiet"
            title=${translate('dismissMessages')}
            aria-label=${translate('dismissMessages')}
            @click=${close}
          >
            ${icons.abort}
          </button>`
        : nothing
    }
  </div>`;
}
