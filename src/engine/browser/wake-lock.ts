/**
 * Holds a screen wake lock. The browser releases it when the page is hidden; `set(true)` requests it again. If the
 * browser refuses it, uploads run without a lock.
 * @see https://www.w3.org/TR/screen-wake-lock/
 */
export class ScreenWakeLock {
  #isWanted = false;
  #lock: WakeLockSentinel | null = null;
  #isRequesting = false;

  /** Requests the lock, or releases it. */
  set(isWanted: boolean): void {
    this.#isWanted = isWanted;
    if (isWanted) void this.#request();
    else this.#release();
  }

  async #request(): Promise<void> {
    if (this.#isRequesting || (this.#lock && !this.#lock.released)) return;
    this.#isRequesting = true;
    try {
      this.#lock = await navigator.wakeLock.request('screen');
    } catch {
      // the battery is low, the page is hidden, or the browser has no such API; the next `set(true)` tries again
    }
    this.#isRequesting = false;
    if (!this.#isWanted) this.#release();
  }

  #release(): void {
    void this.#lock?.release().catch(() => {});
    this.#lock = null;
  }
}
