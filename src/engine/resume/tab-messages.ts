import type { RemoteProgress, TabChannel } from '../ports.js';
import { newId } from '../util/new-id.js';

/** A message between tabs about one upload. `name`: of its lock; `from`: ID of the sending tab. */
export type TabMessage = { name: string } & (
  | { type: 'watch'; from: string } // the sender waits for the upload
  | { type: 'mine' } // the sender holds the lock now: tabs that wait for it must send `watch` again
  | { type: 'news'; news: RemoteProgress } // progress of the upload, from the tab that holds its lock
  // the sender, which waited, has received the report that the upload has ended: the holder may release the lock
  | { type: 'heard'; from: string }
);

/** Returns the progress that a message reports; null for any other message. */
const progressOf = (message: TabMessage): RemoteProgress | null => (message.type === 'news' ? message.news : null);

/**
 * Sends and receives messages about uploads while this tab holds their locks or waits for them. Otherwise the channel is
 * closed: each message wakes every page, and an open channel keeps its page out of the back-forward cache.
 */
export class TabMessages {
  /** Identifies this tab in its messages. */
  readonly tabId = newId();
  readonly #port: TabChannel;
  readonly #listeners = new Set<(message: TabMessage) => void>();
  #channel: ReturnType<TabChannel['open']> | null = null;

  constructor(port: TabChannel) {
    this.#port = port;
  }

  /**
   * Receives the messages about an upload.
   * @param name of its lock
   * @param onMessage receives each message, and the progress that it reports
   * @returns a function that stops receiving them
   */
  subscribe(name: string, onMessage: (message: TabMessage, progress: RemoteProgress | null) => void): () => void {
    const listener = (message: TabMessage): void => {
      if (message.name === name) onMessage(message, progressOf(message));
    };
    this.#listeners.add(listener);
    this.#channel ??= this.#port.open((message) => {
      for (const notify of this.#listeners) notify(message as TabMessage);
    });
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size) return;
      this.#channel?.close();
      this.#channel = null;
    };
  }

  /** Reports the progress of an upload to the tabs that wait for it. */
  sendProgress(name: string, progress: RemoteProgress): void {
    this.send({ type: 'news', name, news: progress });
  }

  /** Sends a message to all other tabs. */
  send(message: TabMessage): void {
    this.#channel?.post(message);
  }
}
