import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { createThumbnail } from './create-thumbnail.js';

/** The members of the element that the thumbnails use. */
export interface ThumbnailHooks {
  isEnabled(): boolean;
  isListed(id: string): boolean;
  /** Returns the file of an upload; null if it is missing, or if the upload is not listed. */
  fileOf(id: string): File | null;
}

/**
 * Creates thumbnails for rendered rows, one at a time, while the browser is idle.
 */
export class Thumbnails implements ReactiveController {
  /** Thumbnails by upload ID. */
  readonly canvases = new Map<string, HTMLCanvasElement>();
  /** IDs of the uploads whose file type was checked. */
  readonly #checked = new Set<string>();
  readonly #queue: string[] = [];
  #isBusy = false;

  constructor(
    private readonly host: ReactiveControllerHost & Element,
    private readonly hooks: ThumbnailHooks,
  ) {
    host.addController(this);
  }

  hostUpdated(): void {
    if (!this.hooks.isEnabled()) return;
    for (const { dataset } of this.host.shadowRoot?.querySelectorAll<HTMLElement>('.row') ?? []) {
      const { id } = dataset;
      if (!id || this.#checked.has(id)) continue;
      const { type = '' } = this.hooks.fileOf(id) ?? {};
      // an upload whose file is missing is checked again after the next update
      if (!type) continue;
      this.#checked.add(id);
      if (/^(?:image|video)\//.test(type)) this.#queue.push(id);
    }
    void this.#createQueued();
  }

  async #createQueued(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let id = this.#queue.shift(); id; id = this.#queue.shift()) {
        await waitForIdle();
        const file = this.hooks.fileOf(id);
        const canvas = file && (await createThumbnail(file));
        if (!canvas) continue;
        canvas.part = 'thumbnail';
        this.canvases.set(id, canvas);
        this.host.requestUpdate();
      }
    } finally {
      this.#isBusy = false;
    }
    for (const id of this.#checked)
      if (!this.hooks.isListed(id)) {
        this.#checked.delete(id);
        this.canvases.delete(id);
      }
  }
}

/** Resolves when the browser is idle; in WebKit, which has no idle callbacks, after a short time. */
const waitForIdle = (): Promise<void> =>
  new Promise((resolve) =>
    'requestIdleCallback' in globalThis
      ? requestIdleCallback(() => resolve(), { timeout: 1_000 })
      : setTimeout(resolve, 50),
  );
