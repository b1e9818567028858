import type { TabLock } from './types.js';

const PREFIX = 'mule-upload:';
const nothing = (): void => {};

/** Holds a lock until the returned function is called; the callback's promise is what holds it. */
function request(name: string, options: LockOptions): Promise<(() => void) | null> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(PREFIX + name, options, (lock) => {
        if (!lock) {
          resolve(null);
          return;
        }
        return new Promise<void>((letGo) => resolve(letGo));
      })
      // refused as such, in a sandboxed frame for one: let through, as where there are none
      .catch((error: unknown) => (options.signal?.aborted ? reject(error as Error) : resolve(nothing)));
  });
}

/**
 * One tab for each upload, by Web Locks. Where the page has none (plain `http:`) every tab is let through: parts are
 * idempotent, so two tabs with one upload waste bytes but spoil nothing.
 * @see https://www.w3.org/TR/web-locks/
 */
export const webLocks: TabLock = {
  async tryAcquire(name) {
    return navigator.locks ? request(name, { ifAvailable: true }) : nothing;
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
