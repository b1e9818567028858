import type { ReactiveControllerHost } from 'lit';

/** Requests renderings of the host: at most one per frame, and fewer if only progress changes. */
export class RenderScheduler {
  /** ID of the requested animation frame; 0 if none is requested. */
  #frameRequest = 0;
  #renderedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: Pick<ReactiveControllerHost, 'requestUpdate'>) {}

  /** Renders with the next frame. */
  refresh(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#frameRequest ||= requestAnimationFrame(() => {
      this.#frameRequest = 0;
      this.#renderedAt = performance.now();
      this.host.requestUpdate();
    });
  }

  /** Restarts the intervals of `refreshAfter`, as if the host was rendered now. */
  postpone(): void {
    this.#renderedAt = performance.now();
  }

  /** Renders once this interval has passed since the last rendering. */
  refreshAfter(intervalMs: number): void {
    const waitMs = this.#renderedAt + intervalMs - performance.now();
    if (waitMs <= 0) this.refresh();
    else this.#timer ??= setTimeout(() => this.refresh(), waitMs);
  }
}
