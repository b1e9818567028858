import type { Settings } from '../api/options.js';
import type { PageEnvironment, WakeLock } from '../ports.js';
import type { PagePresence } from '../resume/page-presence.js';
import type { UploadList } from './upload-list.js';

/**
 * An event of the page. `wake`: the network, or the page, is back; `slept`: the device slept, and requests in flight
 * are most likely lost; `hide`: the page is being left, and sends nothing more; `show`: it is back.
 */
export type PageEvent = 'online' | 'offline' | 'wake' | 'slept' | 'hide' | 'show';

/**
 * Listens to page events only while uploads run or this page is announced to other tabs. Keeps the screen on during uploads
 * if `keepAwake` is set.
 */
export class PageLifecycle {
  readonly #page: PageEnvironment;
  readonly #wakeLock: WakeLock;
  readonly #settings: Settings;
  readonly #list: UploadList;
  readonly #presence: PagePresence;
  readonly #onEvent: (event: PageEvent) => void;
  #stopListening: (() => void) | null = null;
  #asksToLeave = false;

  constructor(
    { page, wakeLock }: { readonly page: PageEnvironment; readonly wakeLock: WakeLock },
    settings: Settings,
    list: UploadList,
    presence: PagePresence,
    onEvent: (event: PageEvent) => void,
  ) {
    this.#page = page;
    this.#wakeLock = wakeLock;
    this.#settings = settings;
    this.#list = list;
    this.#presence = presence;
    this.#onEvent = onEvent;
  }

  /** Starts or stops listening, after uploads or options have changed. */
  update(): void {
    if (this.#list.running.size > 0 || this.#presence.isAnnounced) this.#listen();
    else this.#stop();
    this.#updateWakeLock();
  }

  /** Stops listening for good. */
  dispose(): void {
    this.#stop();
    this.#wakeLock.set(false);
  }

  /** Whether this page sends any upload; those that another tab sends do not need this page. */
  get #isSending(): boolean {
    return [...this.#list.running].some(({ snapshot }) => snapshot.waitingFor !== 'tab');
  }

  #listen(): void {
    const asksToLeave = this.#settings.options.leaveWarning && this.#isSending;
    if (this.#stopListening && asksToLeave === this.#asksToLeave) return;
    this.#stop();
    this.#asksToLeave = asksToLeave;
    const onWake = (event: PageEvent): void => {
      this.#onEvent(event);
      if (event !== 'wake') this.#onEvent('wake');
      this.#updateWakeLock();
    };
    this.#stopListening = this.#page.listen(
      {
        online: () => onWake('online'),
        offline: () => this.#onEvent('offline'),
        wake: () => onWake('wake'),
        slept: () => onWake('slept'),
        hide: () => this.#onEvent('hide'),
        show: () => onWake('show'),
        leave: (event) => event.preventDefault(),
      },
      asksToLeave,
    );
  }

  #stop(): void {
    this.#stopListening?.();
    this.#stopListening = null;
  }

  #updateWakeLock(): void {
    this.#wakeLock.set(this.#settings.options.keepAwake && this.#isSending);
  }
}
