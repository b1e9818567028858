import type { Clock, PageEnvironment } from '../ports.js';

/** Interval at which the clocks are compared to detect that the device slept. */
const SLEEP_CHECK_INTERVAL_MS = 5_000;
/** A check that is late by more than this means sleep. Browsers delay timers of hidden pages by up to a minute. */
const SLEEP_THRESHOLD_MS = 15_000;
const HIDDEN_SLEEP_THRESHOLD_MS = 150_000;

type Unlisten = () => void;

/** Adds a listener for several event types; a target that does not exist never fires. */
function on<E extends Event>(target: EventTarget | undefined, types: string[], listener: (event: E) => void): Unlisten {
  const controller = new AbortController();
  for (const type of types) target?.addEventListener(type, listener as EventListener, { signal: controller.signal });
  return () => controller.abort();
}

/** Whether the page is hidden: its timers then run about once a minute. */
export const isHidden = (): boolean => globalThis.document?.visibilityState === 'hidden';

/** Calls a listener when the page is hidden, shown, or left. `isGone`: it is unloaded or in the back-forward cache. */
export function onVisibilityChange(listener: (isHidden: boolean, isGone: boolean) => void): Unlisten {
  const unlisteners = [
    on(globalThis.document, ['visibilitychange'], () => listener(isHidden(), false)),
    on(globalThis, ['pagehide'], () => listener(true, true)),
    on(globalThis, ['pageshow'], () => listener(isHidden(), false)),
  ];
  return () => unlisteners.forEach((unlisten) => unlisten());
}

/**
 * The browser's page: connectivity, sleep, visibility and unloading. Events that a worker or Node lacks never fire.
 * @see https://developer.chrome.com/docs/web-platform/page-lifecycle-api
 */
export class BrowserPage implements PageEnvironment {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get online(): boolean {
    return globalThis.navigator?.onLine ?? true;
  }

  listen(
    { online, offline, wake, slept, hide, show, leave }: Parameters<PageEnvironment['listen']>[0],
    asksToLeave: boolean,
  ): Unlisten {
    if (typeof globalThis.addEventListener !== 'function') return () => {};
    const page = globalThis.document as Document | undefined;
    const unlisteners = [
      on(globalThis, ['online'], online),
      on(globalThis, ['offline'], offline),
      // a page that is frozen fires `freeze`, one that enters the back-forward cache fires `pagehide` before it
      on(globalThis, ['pagehide'], hide),
      on(page, ['freeze'], hide),
      on(globalThis, ['pageshow'], show),
      on(page, ['resume'], show),
      on(page, ['visibilitychange'], () => {
        if (!isHidden()) wake();
      }),
      this.#watchSleep(slept),
    ];
    if (asksToLeave) unlisteners.push(on(globalThis, ['beforeunload'], leave));
    return () => unlisteners.forEach((unlisten) => unlisten());
  }

  /**
   * Detects sleep by comparing the clocks. The wall clock advances during sleep. On some systems the monotonic clock
   * does too, and then only the late timer shows that the device slept.
   */
  #watchSleep(slept: () => void): Unlisten {
    const clock = this.#clock;
    let wall: number;
    let monotonic: number;
    let cancel: Unlisten;
    const schedule = (): void => {
      wall = clock.now();
      monotonic = clock.monotonic();
      cancel = clock.setTimer(() => {
        const elapsed = clock.monotonic() - monotonic;
        const jump = clock.now() - wall - elapsed;
        const late = elapsed - SLEEP_CHECK_INTERVAL_MS;
        const lateThreshold = isHidden() ? HIDDEN_SLEEP_THRESHOLD_MS : SLEEP_THRESHOLD_MS;
        if (jump > SLEEP_THRESHOLD_MS || late > lateThreshold) slept();
        schedule();
      }, SLEEP_CHECK_INTERVAL_MS);
    };
    schedule();
    return () => cancel();
  }
}
