import type { ReactiveControllerHost } from 'lit';
import type { ListExtras } from './list-extras.js';
import { leadingRows, LIST_SIZES } from './row-ranges.js';
import type { ThumbnailHooks } from './thumbnails.js';
import type { View } from './view.js';

const RETRY_DELAY_MS = 10_000;
const NO_THUMBNAILS: View['thumbnails'] = new Map();

/** Loads `ListExtras`. Until then a long list shows its first rows; if loading fails, all rows. */
export class LazyListExtras {
  #extras: ListExtras | null = null;
  #rowRanges = leadingRows(true);
  #isLoading = false;
  #retryAt = 0;

  constructor(
    private readonly host: ReactiveControllerHost & Element,
    private readonly hooks: ThumbnailHooks,
    private readonly importExtras = () => import('./list-extras.js'),
  ) {}

  /** The data of the extras that the templates show. */
  get view(): Pick<View, 'rowRanges' | 'drawPartMap' | 'sparklinePath' | 'thumbnails'> {
    const extras = this.#extras;
    return {
      rowRanges: extras?.rowRanges ?? this.#rowRanges,
      drawPartMap: extras?.drawPartMap ?? null,
      sparklinePath: (id) => extras?.sparklinePath(id) ?? '',
      thumbnails: extras?.thumbnails.canvases ?? NO_THUMBNAILS,
    };
  }

  addSpeed(id: string, speed: number): void {
    this.#extras?.speeds.add(id, speed, performance.now());
  }

  deleteSpeeds(id: string): void {
    this.#extras?.speeds.delete(id);
  }

  /** Called while uploads are listed. */
  async load(): Promise<void> {
    if (this.#extras || this.#isLoading || performance.now() < this.#retryAt) return;
    this.#isLoading = true;
    try {
      const { ListExtras } = await this.importExtras();
      this.#extras = new ListExtras(this.host, this.hooks, LIST_SIZES);
    } catch {
      this.#rowRanges = leadingRows(false);
      this.#retryAt = performance.now() + RETRY_DELAY_MS;
    }
    this.#isLoading = false;
    this.host.requestUpdate();
  }
}
