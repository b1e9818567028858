import type { TabChannel, TabLock } from '../ports.js';

const PREFIX = 'mule-upload:';
const nothing = (): void => {};

/** Locks of this page that are on their way to being free. */
const releasing = new Map<string, Promise<unknown>>();

/** Holds a lock until the returned function is called; the callback's promise is what holds it. */
function request(name: string, options: LockOptions): Promise<(() => void) | null> {
  return new Promise((resolve, reject) => {
    const request = navigator.locks
      .request(PREFIX + name, options, (lock) => {
        if (!lock) {
          resolve(null);
          return;
        }
        return new Promise<void>((letGo) =>
          resolve(() => {
            releasing.set(name, request);
            letGo();
          }),
        );
      })
      // refused as such, in a sandboxed frame for one: let through, as where there are none
      .catch((error: unknown) => (options.signal?.aborted ? reject(error as Error) : resolve(nothing)))
      .finally(() => {
        if (releasing.get(name) === request) releasing.delete(name);
      });
  });
}

/**
 * One tab for each upload, by Web Locks. Where the page has none (plain `http:`) every tab is let through: parts are
 * idempotent, so two tabs with one upload waste bytes but spoil nothing.
 * @see https://www.w3.org/TR/web-locks/
 */
export const webLocks: TabLock = {
  async tryAcquire(name) {
    if (!navigator.locks) return nothing;
    // our own lock, let go of just now, is no other tab's
    await releasing.get(name);
    return request(name, { ifAvailable: true });
  },
  async acquire(name, signal) {
    return navigator.locks ? (await request(name, { signal }))! : nothing;
  },
  async held(names) {
    if (!navigator.locks) return new Set();
    const { held = [] } = await navigator.locks.query();
    const all = new Set(held.map((lock) => lock.name));
    return new Set(names.filter((name) => all.has(PREFIX + name)));
  },
};

/** Ends with the version of what is said: tabs with another one do not hear each other, and share by the lock alone. */
const NAME = 'mule-upload/1';

/**
 * All tabs of this origin, by BroadcastChannel; alone where there is none, or where it is refused.
 * @see https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts
 */
export const broadcast: TabChannel = {
  open(onMessage) {
    try {
      const channel = new BroadcastChannel(NAME);
      channel.onmessage = ({ data }: MessageEvent<unknown>) => onMessage(data);
      return { say: (message) => channel.postMessage(message), leave: () => channel.close() };
    } catch {
      return { say: () => {}, leave: () => {} };
    }
  },
};
