import type { Environment } from './types.js';

/** Milliseconds between looks at the clock, and how far it must have jumped to mean that the machine slept. */
const LOOK_EVERY = 5_000;
const SLEPT = 15_000;

/**
 * The browser page: the line, sleep and waking, leaving. In a worker or in Node what is not there never happens.
 * @see https://developer.chrome.com/docs/web-platform/page-lifecycle-api
 */
export const browserEnvironment: Environment = {
  get online() {
    return globalThis.navigator?.onLine ?? true;
  },
  listen({ online, offline, wake, leave }) {
    if (typeof globalThis.addEventListener !== 'function') return () => {};
    const controller = new AbortController();
    const on = (target: EventTarget | undefined, type: string, listener: (event: never) => void): void =>
      target?.addEventListener(type, listener as EventListener, { signal: controller.signal });
    on(globalThis, 'online', online);
    on(globalThis, 'offline', offline);
    on(globalThis, 'pageshow', wake);
    on(globalThis, 'beforeunload', leave);
    on(globalThis.document, 'resume', wake);
    on(globalThis.document, 'visibilitychange', () => {
      if (document.visibilityState === 'visible') wake();
    });
    let last = Date.now();
    const timer = setInterval(() => {
      const now = Date.now();
      if (now - last > SLEPT) wake();
      last = now;
    }, LOOK_EVERY);
    return () => {
      controller.abort();
      clearInterval(timer);
    };
  },
};
