import type { TabChannel, TabLock } from '../ports.js';

const LOCK_PREFIX = 'mule-upload:';
/** Ends with the version of the messages: tabs with different versions share only the locks. */
const CHANNEL_NAME = 'mule-upload/1';
const noop = (): void => {};

/** Locks that this page has released and that the browser has not freed yet. */
const releasingByName = new Map<string, Promise<unknown>>();

/**
 * Requests a lock and holds it until the returned function is called. The browser holds a lock while the promise that
 * the callback returned is pending.
 */
function requestLock(name: string, options: LockOptions): Promise<(() => void) | null> {
  return new Promise((resolve, reject) => {
    const request = navigator.locks
      .request(LOCK_PREFIX + name, options, (lock) => {
        if (!lock) {
          resolve(null);
          return;
        }
        return new Promise<void>((release) =>
          resolve(() => {
            releasingByName.set(name, request);
            release();
          }),
        );
      })
      // the browser refuses locks in a sandboxed frame; the tab then proceeds without them
      .catch((error: unknown) => (options.signal?.aborted ? reject(error as Error) : resolve(noop)))
      .finally(() => {
        if (releasingByName.get(name) === request) releasingByName.delete(name);
      });
  });
}

/**
 * Lets one tab at a time work on an upload, by Web Locks. If there are none (plain `http:`), every tab gets the lock:
 * parts are idempotent, so two tabs that send the same upload only waste bandwidth.
 * @see https://www.w3.org/TR/web-locks/
 */
export const webLocks: TabLock = {
  async tryAcquire(name) {
    if (!navigator.locks) return noop;
    // a lock that this page has just released may look as if another tab held it
    await releasingByName.get(name);
    return requestLock(name, { ifAvailable: true });
  },
  async acquire(name, signal) {
    return navigator.locks ? (await requestLock(name, { signal }))! : noop;
  },
  async held(names) {
    if (!navigator.locks) return new Set();
    const { held = [] } = await navigator.locks.query();
    const heldNames = new Set(held.map((lock) => lock.name));
    return new Set(names.filter((name) => heldNames.has(LOCK_PREFIX + name)));
  },
};

/**
 * Connects all tabs of this origin by BroadcastChannel. If it is missing or refused, no message is delivered.
 * @see https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts
 */
export const broadcast: TabChannel = {
  open(onMessage) {
    try {
      const channel = new BroadcastChannel(CHANNEL_NAME);
      channel.onmessage = ({ data }: MessageEvent<unknown>) => onMessage(data);
      return { post: (message) => channel.postMessage(message), close: () => channel.close() };
    } catch {
      return { post: noop, close: noop };
    }
  },
};
