/**
 * Holds a screen wake lock while asked to. The browser takes it away when the page is hidden; `set(true)` takes it
 * again. Where it is refused, nothing happens: the upload does not depend on it.
 * @see https://www.w3.org/TR/screen-wake-lock/
 */
export class ScreenWakeLock {
  #lock: Promise<WakeLockSentinel | null> | null = null;

  /** Takes the lock, or lets it go. */
  set(isWanted: boolean): void {
    if (!isWanted) {
      void this.#lock?.then((lock) => lock?.release()).catch(() => {});
      this.#lock = null;
      return;
    }
    this.#lock ??= this.#request();
  }

  async #request(): Promise<WakeLockSentinel | null> {
    try {
      const lock = await navigator.wakeLock.request('screen');
      lock.addEventListener(
        'release',
        () => {
          this.#lock = null;
        },
        { once: true },
      );
      return lock;
    } catch {
      this.#lock = null;
      return null;
    }
  }
}
