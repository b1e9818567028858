import type { JournalRecord, TabLock } from '../ports.js';

/** Returns the name of a page's lock. */
export const lockNameOf = (visit: string): string => `visit:${visit}`;

/**
 * Announces to other tabs, by a lock, that this page is open: they must not resume by themselves what this page has queued or
 * paused. It begins with the first record that the page writes.
 */
export class PagePresence {
  readonly #lock: TabLock;
  readonly #ownName: string;
  #name: string | null = null;
  #release: (() => void) | null = null;
  #isWanted = false;
  #isAway = false;
  #isOver = false;
  /** Records that were left out because their page is open. */
  recordsOfOpenPages: readonly JournalRecord[] = [];
  /** Called when the presence is announced. */
  onChange = (): void => {};

  /** @param name of this page, unlike any other's */
  constructor(lock: TabLock, name: string) {
    this.#lock = lock;
    this.#ownName = name;
  }

  /** Name of this page in its records; null until the presence is announced. */
  get name(): string | null {
    return this.#name;
  }

  /** Whether a record names another page. */
  isOther(visit: string | null): visit is string {
    return visit !== null && visit !== this.#ownName;
  }

  /** Whether other tabs are to know that this page is open. */
  get isAnnounced(): boolean {
    return this.#isWanted;
  }

  /** Announces the presence, once. */
  async announce(): Promise<void> {
    if (this.#isWanted || this.#isOver) return;
    this.#isWanted = true;
    this.#name = this.#ownName;
    this.onChange();
    await this.#acquire();
  }

  /** Ends the announcement: nothing in this page is unfinished. */
  withdraw(): void {
    this.#isWanted = false;
    this.#releaseLock();
  }

  /**
   * Releases the lock while the page is hidden in the cache: a page with a lock is not put into the back-forward cache.
   */
  hide(): void {
    this.#isAway = true;
    this.#releaseLock();
  }

  /** Acquires the lock again, when the page is back. */
  show(): void {
    this.#isAway = false;
    if (this.#isWanted) void this.#acquire();
  }

  /** Releases the lock for good. */
  end(): void {
    this.#isOver = true;
    this.withdraw();
  }

  async #acquire(): Promise<void> {
    const release = await this.#lock.tryAcquire(lockNameOf(this.#ownName)).catch(() => null);
    if (this.#isWanted && !this.#isAway && !this.#release) this.#release = release;
    else release?.();
  }

  #releaseLock(): void {
    this.#release?.();
    this.#release = null;
  }
}
