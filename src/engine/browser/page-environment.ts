import type { Clock, PageEnvironment } from '../ports.js';

/** Interval of the checks whether the device slept. */
const SLEEP_CHECK_INTERVAL_MS = 5_000;
/** If a check is late by more than this, the device slept. */
const SLEEP_THRESHOLD_MS = 15_000;
/** The same for a hidden page, whose timers browsers delay by up to a minute. */
const HIDDEN_SLEEP_THRESHOLD_MS = 150_000;

type Unlisten = () => void;

/** Adds a listener for several event types. @param target undefined where the platform lacks it: nothing is added */
function addListener<E extends Event>(
  target: EventTarget | undefined,
  types: string[],
  listener: (event: E) => void,
): Unlisten {
  const controller = new AbortController();
  for (const type of types) target?.addEventListener(type, listener as EventListener, { signal: controller.signal });
  return () => controller.abort();
}

/** Whether the page is hidden. Browsers then run its timers about once a minute. */
export const isHidden = (): boolean => globalThis.document?.visibilityState === 'hidden';

/**
 * Calls a listener when the page is hidden, shown or left. `isGone`: the page is being unloaded, or enters the back-forward
 * cache. A visible page that is left fires `pagehide` first, and then `visibilitychange`.
 * @see https://html.spec.whatwg.org/multipage/document-lifecycle.html#unload-a-document
 */
export function onVisibilityChange(listener: (isHidden: boolean, isGone: boolean) => void): Unlisten {
  let isGone = false;
  const report = (): void => listener(isGone || isHidden(), isGone);
  const unlisteners = [
    addListener(globalThis.document, ['visibilitychange'], report),
    addListener(globalThis, ['pagehide', 'pageshow'], ({ type }) => {
      isGone = type === 'pagehide';
      report();
    }),
  ];
  return () => unlisteners.forEach((unlisten) => unlisten());
}

/**
 * Reports connectivity, sleep, visibility and unloading of the browser's page. Workers and Node lack some of the events,
 * which then never fire.
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
    warnsBeforeLeaving: boolean,
  ): Unlisten {
    if (typeof globalThis.addEventListener !== 'function') return () => {};
    const page = globalThis.document as Document | undefined;
    const unlisteners = [
      addListener(globalThis, ['online'], online),
      addListener(globalThis, ['offline'], offline),
      // a frozen page fires only `freeze`; a page that enters the back-forward cache fires `pagehide` first
      addListener(globalThis, ['pagehide'], hide),
      addListener(page, ['freeze'], hide),
      addListener(globalThis, ['pageshow'], show),
      addListener(page, ['resume'], show),
      addListener(page, ['visibilitychange'], () => {
        if (!isHidden()) wake();
      }),
      this.#watchSleep(slept),
    ];
    if (warnsBeforeLeaving) unlisteners.push(addListener(globalThis, ['beforeunload'], leave));
    return () => unlisteners.forEach((unlisten) => unlisten());
  }

  /**
   * Detects sleep by comparing the clocks. The wall clock advances during sleep. On some systems the monotonic clock
   * advances too; there, only the late timer shows that the device slept.
   */
  #watchSleep(slept: () => void): Unlisten {
    const clock = this.#clock;
    let lastWall: number;
    let lastMonotonic: number;
    let cancel: Unlisten;
    const schedule = (): void => {
      lastWall = clock.now();
      lastMonotonic = clock.monotonic();
      cancel = clock.setTimer(() => {
        const elapsedMs = clock.monotonic() - lastMonotonic;
        const wallJumpMs = clock.now() - lastWall - elapsedMs;
        const lateMs = elapsedMs - SLEEP_CHECK_INTERVAL_MS;
        const lateThresholdMs = isHidden() ? HIDDEN_SLEEP_THRESHOLD_MS : SLEEP_THRESHOLD_MS;
        schedule();
        if (wallJumpMs > SLEEP_THRESHOLD_MS || lateMs > lateThresholdMs) slept();
      }, SLEEP_CHECK_INTERVAL_MS);
    };
    schedule();
    return () => cancel();
  }
}
