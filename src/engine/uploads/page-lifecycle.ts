import type { UploaderEventMap, UploaderOptions } from '../api/types.js';
import type { PageEnvironment } from '../ports.js';
import { ScreenWakeLock } from '../browser/wake-lock.js';

/** What the page's ups and downs mean to whoever uploads. */
export interface PageWatcher {
  readonly options: Pick<UploaderOptions, 'keepAwake' | 'leaveWarning'>;
  /** Whether this page has uploads under way. */
  isBusy(): boolean;
  /** Whether something would be lost, if only time, were the page left now. */
  hasToStay(): boolean;
  /** The line, or the page, is back: what waits may be tried at once. */
  wake(): void;
  /** The machine slept: what is in flight is most likely dead. */
  hurry(): void;
  /** The page goes: nothing is to be in flight, and nothing kept from other tabs. */
  hide(): void;
  /** The page is back. */
  show(): void;
  emit(type: 'mule-network', detail: UploaderEventMap['mule-network']['detail']): void;
}

/** Listens to the page while something is under way, and to nothing else; keeps its screen on where that is wanted. */
export class PageLifecycle {
  readonly #environment: PageEnvironment;
  readonly #watcher: PageWatcher;
  readonly #wakeLock = new ScreenWakeLock();
  #stopListening: (() => void) | null = null;
  #asksToLeave = false;

  constructor(environment: PageEnvironment, watcher: PageWatcher) {
    this.#environment = environment;
    this.#watcher = watcher;
  }

  /** Takes in that uploads, or options, have changed. */
  update(): void {
    if (this.#watcher.isBusy()) this.#listen();
    else this.#stop();
    this.#stayAwake();
  }

  /** Lets go of the page. */
  dispose(): void {
    this.#stop();
    this.#wakeLock.set(false);
  }

  #listen(): void {
    const { leaveWarning = false } = this.#watcher.options;
    const asksToLeave = leaveWarning && this.#watcher.hasToStay();
    if (this.#stopListening && asksToLeave === this.#asksToLeave) return;
    this.#stop();
    this.#asksToLeave = asksToLeave;
    this.#stopListening = this.#environment.listen(
      {
        online: () => {
          this.#watcher.emit('mule-network', { online: true });
          this.#wake();
        },
        offline: () => this.#watcher.emit('mule-network', { online: false }),
        wake: () => this.#wake(),
        slept: () => {
          this.#watcher.hurry();
          this.#wake();
        },
        hide: () => this.#watcher.hide(),
        show: () => {
          this.#watcher.show();
          this.#wake();
        },
        leave: (event) => event.preventDefault(),
      },
      asksToLeave,
    );
  }

  #stop(): void {
    this.#stopListening?.();
    this.#stopListening = null;
  }

  #wake(): void {
    this.#watcher.wake();
    this.#stayAwake();
  }

  #stayAwake(): void {
    this.#wakeLock.set(this.#watcher.options.keepAwake === true && this.#watcher.hasToStay());
  }
}
