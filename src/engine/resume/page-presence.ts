import type { TabLock } from '../ports.js';

/** Returns the name of a page's lock. */
export const lockNameOf = (visit: string): string => `visit:${visit}`;

/**
 * Announces to other tabs, by a lock, that this page is open, so that they do not resume what it has queued or paused. The
 * page announces itself before it writes its first record.
 */
export class PagePresence {
  readonly #lock: TabLock;
  readonly #ownName: string;
  /** Name of this page in its records; null until the presence is announced. */
  name: string | null = null;
  #release: (() => void) | null = null;
  /** Whether this page is announced. Stays true while the page is hidden and its lock is released. */
  isAnnounced = false;
  #isAway = false;
  /** Whether the uploader is not in the page: then `show()` has no effect. */
  isDetached = false;
  #isOver = false;
  /** Called when the presence is announced. */
  onAnnounced = (): void => {};

  /** @param name unique name of this page */
  constructor(lock: TabLock, name: string) {
    this.#lock = lock;
    this.#ownName = name;
  }

  /** Whether a record names another page. */
  isOtherPage(pageName: string | null): pageName is string {
    return pageName !== null && pageName !== this.#ownName;
  }

  /** Announces the presence, unless it is announced already. */
  async announce(): Promise<void> {
    if (this.isAnnounced || this.#isOver) return;
    this.isAnnounced = true;
    this.name = this.#ownName;
    this.onAnnounced();
    await this.#acquire();
  }

  /** Ends the announcement, because no upload of this page is unfinished. */
  withdraw(): void {
    this.isAnnounced = false;
    this.#releaseLock();
  }

  /**
   * Releases the lock, because browsers do not put a page with a lock into the back-forward cache.
   */
  hide(): void {
    this.#isAway = true;
    this.#releaseLock();
  }

  /** Acquires the lock again, when the page is back. */
  show(): void {
    if (this.isDetached) return;
    this.#isAway = false;
    if (this.isAnnounced) void this.#acquire();
  }

  /** Releases the lock for good. */
  end(): void {
    this.#isOver = true;
    this.withdraw();
  }

  async #acquire(): Promise<void> {
    const release = await this.#lock.tryAcquire(lockNameOf(this.#ownName)).catch(() => null);
    if (this.isAnnounced && !this.#isAway && !this.#release) this.#release = release;
    else release?.();
  }

  #releaseLock(): void {
    this.#release?.();
    this.#release = null;
  }
}
