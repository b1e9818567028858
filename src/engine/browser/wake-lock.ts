/**
 * Holds a screen wake lock while asked to. The browser takes it away when the page is hidden; `set(true)` takes it
 * again. Where it is refused, nothing happens: the upload does not depend on it.
 * @see https://www.w3.org/TR/screen-wake-lock/
 */
export class ScreenWakeLock {
  #isWanted = false;
  #lock: WakeLockSentinel | null = null;
  #isRequesting = false;

  /** Takes the lock, or lets it go. */
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
      // low battery, a hidden page, no such thing: asked for again at the next occasion
    }
    this.#isRequesting = false;
    if (!this.#isWanted) this.#release();
  }

  #release(): void {
    void this.#lock?.release().catch(() => {});
    this.#lock = null;
  }
}
