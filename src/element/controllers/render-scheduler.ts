import type { ReactiveControllerHost } from 'lit';

/** Requests renderings of the host: at most one per frame, and fewer where only figures change. */
export class RenderScheduler {
  #frame = 0;
  #renderedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: ReactiveControllerHost) {}

  /** Renders with the next frame. */
  refresh(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#renderedAt = performance.now();
      this.host.requestUpdate();
    });
  }

  /** Counts as rendered now: the next rendering after an interval waits for all of it. */
  postpone(): void {
    this.#renderedAt = performance.now();
  }

  /** Renders as soon as this time has passed since the last rendering. */
  refreshAfter(intervalMs: number): void {
    const waitMs = this.#renderedAt + intervalMs - performance.now();
    if (waitMs <= 0) this.refresh();
    else this.#timer ??= setTimeout(() => this.refresh(), waitMs);
  }
}
