import type { Clock, PageEnvironment } from '../ports.js';

/** Milliseconds between looks at the clocks. */
const SLEEP_CHECK_INTERVAL_MS = 5_000;
/** How much later than due a look must be to mean that the machine slept; hidden pages' timers may be held up a minute. */
const SLEEP_THRESHOLD_MS = 15_000;
const HIDDEN_SLEEP_THRESHOLD_MS = 150_000;

type Unlisten = () => void;

/** Listens until told to stop; a target that is not there never says anything. */
function on<E extends Event>(target: EventTarget | undefined, types: string[], listener: (event: E) => void): Unlisten {
  const controller = new AbortController();
  for (const type of types) target?.addEventListener(type, listener as EventListener, { signal: controller.signal });
  return () => controller.abort();
}

/** Whether nobody sees the page: its timers then run about once a minute. */
export const isHidden = (): boolean => globalThis.document?.visibilityState === 'hidden';

/** Tells when the page is hidden or seen again, and, as hidden for good, when it goes. @returns what ends it */
export function onVisibilityChange(changed: (isHidden: boolean, isGone: boolean) => void): Unlisten {
  const offs = [
    on(globalThis.document, ['visibilitychange'], () => changed(isHidden(), false)),
    on(globalThis, ['pagehide'], () => changed(true, true)),
    on(globalThis, ['pageshow'], () => changed(isHidden(), false)),
  ];
  return () => offs.forEach((off) => off());
}

/**
 * The browser page: the line, sleep and waking, leaving. In a worker or in Node what is not there never happens.
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
    const offs = [
      on(globalThis, ['online'], online),
      on(globalThis, ['offline'], offline),
      // a page is frozen where it stands, or on its way into the cache; either way one of the two comes first
      on(globalThis, ['pagehide'], hide),
      on(page, ['freeze'], hide),
      on(globalThis, ['pageshow'], show),
      on(page, ['resume'], show),
      on(page, ['visibilitychange'], () => {
        if (!isHidden()) wake();
      }),
      this.#watchSleep(slept),
    ];
    if (asksToLeave) offs.push(on(globalThis, ['beforeunload'], leave));
    return () => offs.forEach((off) => off());
  }

  /** The wall clock goes on in sleep, and on some systems the other one too: then only the timer is late. */
  #watchSleep(slept: () => void): Unlisten {
    const clock = this.#clock;
    let wall: number;
    let monotonic: number;
    let cancel: Unlisten;
    const look = (): void => {
      wall = clock.now();
      monotonic = clock.monotonic();
      cancel = clock.setTimer(() => {
        const passed = clock.monotonic() - monotonic;
        const jumped = clock.now() - wall - passed;
        const late = passed - SLEEP_CHECK_INTERVAL_MS;
        if (jumped > SLEEP_THRESHOLD_MS || late > (isHidden() ? HIDDEN_SLEEP_THRESHOLD_MS : SLEEP_THRESHOLD_MS))
          slept();
        look();
      }, SLEEP_CHECK_INTERVAL_MS);
    };
    look();
    return () => cancel();
  }
}
