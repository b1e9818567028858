import type { Settings } from '../api/options.js';
import type { ReachabilityByOrigin } from '../network/reachability-by-origin.js';
import type { Emit, PageEnvironment, Transport, WakeLock } from '../ports.js';
import type { PagePresence } from '../resume/page-presence.js';
import type { TabCoordinator } from '../resume/tab-coordinator.js';
import type { ModuleLoader } from '../util/module-loader.js';
import type { UploadList } from './upload-list.js';

interface PageServices {
  readonly page: PageEnvironment;
  readonly wakeLock: WakeLock;
  readonly transport: Transport;
  readonly settings: Settings;
  readonly list: UploadList;
  readonly presence: PagePresence;
  readonly tabs: TabCoordinator;
  readonly deferredCode: ModuleLoader<unknown>;
  readonly reachability: ReachabilityByOrigin;
  readonly lifetime: AbortSignal;
}

/**
 * Handles page events: only while uploads run or this page is announced to other tabs. Keeps the screen on during uploads
 * if `keepAwake` is set.
 */
export class PageLifecycle {
  readonly #services: PageServices;
  readonly #emit: Emit;
  #stopListening: (() => void) | null = null;
  #warnsBeforeLeaving = false;

  constructor(services: PageServices, emit: Emit) {
    this.#services = services;
    this.#emit = emit;
  }

  /** Starts or stops listening, after uploads or options have changed. */
  update(): void {
    const { list, presence, lifetime } = this.#services;
    // the uploads of a disposed uploader keep their status, but do not run
    if (lifetime.aborted) return;
    if (list.running.size > 0 || presence.isAnnounced) this.#listen();
    else this.#stop();
    this.#updateWakeLock();
  }

  /** Stops listening for good. */
  dispose(): void {
    this.#stop();
    this.#services.wakeLock.set(false);
  }

  /** Ends waits early, and probes every store that cannot be reached. */
  retryNow(): void {
    const { deferredCode, reachability } = this.#services;
    deferredCode.retryNow();
    reachability.probeNow();
  }

  /** Whether this page sends any upload; those that another tab sends do not need this page. */
  get #isSending(): boolean {
    return [...this.#services.list.running].some(({ snapshot }) => snapshot.waitingFor !== 'tab');
  }

  #listen(): void {
    const { page, settings } = this.#services;
    const warnsBeforeLeaving = settings.options.leaveWarning && this.#isSending;
    if (this.#stopListening && warnsBeforeLeaving === this.#warnsBeforeLeaving) return;
    this.#stop();
    this.#warnsBeforeLeaving = warnsBeforeLeaving;
    this.#stopListening = page.listen(
      {
        online: () => {
          this.#emit('mule-network', { online: true });
          this.#wake();
        },
        offline: () => this.#emit('mule-network', { online: false }),
        wake: () => this.#wake(),
        slept: () => {
          // connections from before the sleep no longer work
          this.#services.transport.onWakeFromSleep?.();
          this.#wake();
        },
        hide: () => this.#hide(),
        show: () => {
          this.#show();
          this.#wake();
        },
        leave: (event) => event.preventDefault(),
      },
      warnsBeforeLeaving,
    );
  }

  #stop(): void {
    this.#stopListening?.();
    this.#stopListening = null;
  }

  /** The network may be back, or the page is visible again. */
  #wake(): void {
    this.retryNow();
    for (const upload of this.#services.list.running) upload.retryNow(false);
    this.#updateWakeLock();
  }

  /** The page is being left, and sends nothing more. */
  #hide(): void {
    const { list, tabs, presence } = this.#services;
    for (const upload of list.running) upload.suspend();
    tabs.releaseAll();
    presence.hide();
  }

  /** The page is back. */
  #show(): void {
    const { list, presence } = this.#services;
    presence.show();
    for (const upload of list.running) upload.revive();
  }

  #updateWakeLock(): void {
    this.#services.wakeLock.set(this.#services.settings.options.keepAwake && this.#isSending);
  }
}
