import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** What it asks of the element. */
export interface ThumbnailHooks {
  isOn(): boolean;
  fileOf(id: string): File | null;
  isListed(id: string): boolean;
}

/**
 * Has small pictures made for the rows that are rendered, one after the other, when the page has nothing better to do.
 * What makes them is loaded with the first image or video.
 */
export class Thumbnails implements ReactiveController {
  /** Those that there are, by upload. */
  readonly made = new Map<string, HTMLCanvasElement>();
  readonly #seen = new Set<string>();
  readonly #queue: string[] = [];
  #isBusy = false;

  constructor(
    private readonly host: ReactiveControllerHost & Element,
    private readonly hooks: ThumbnailHooks,
  ) {
    host.addController(this);
  }

  hostUpdated(): void {
    if (!this.hooks.isOn()) return;
    for (const { dataset } of this.host.shadowRoot?.querySelectorAll<HTMLElement>('.row') ?? []) {
      const { id } = dataset;
      if (!id || this.#seen.has(id)) continue;
      const { type = '' } = this.hooks.fileOf(id) ?? {};
      // one whose file is yet to come is looked at again
      if (!type) continue;
      this.#seen.add(id);
      if (/^(?:image|video)\//.test(type)) this.#queue.push(id);
    }
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let id = this.#queue.shift(); id; id = this.#queue.shift()) {
        await idle();
        const { thumbnailOf } = await import('./thumbnailer.js');
        const file = this.hooks.isListed(id) ? this.hooks.fileOf(id) : null;
        const canvas = file && (await thumbnailOf(file));
        if (!canvas) continue;
        canvas.part = 'thumbnail';
        this.made.set(id, canvas);
        this.host.requestUpdate();
      }
    } catch {
      // the module could not be loaded: rows do without
    } finally {
      this.#isBusy = false;
    }
    for (const id of this.#seen)
      if (!this.hooks.isListed(id)) {
        this.#seen.delete(id);
        this.made.delete(id);
      }
  }
}

/** WebKit has no idle callbacks. */
const idle = (): Promise<void> =>
  new Promise((resolve) =>
    'requestIdleCallback' in globalThis
      ? requestIdleCallback(() => resolve(), { timeout: 1_000 })
      : setTimeout(resolve, 50),
  );
