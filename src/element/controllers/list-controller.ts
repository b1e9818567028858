import type { CSSResult, ReactiveController, ReactiveControllerHost } from 'lit';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { DEFAULT_PART_SIZE } from '../../limits.js';
import { isAwaitingUser } from '../api/upload-state.js';
import type { LiveRegions } from '../input/live-regions.js';
import { Announcer } from '../list/announcer.js';
import { LIST_SIZES } from '../list/row-ranges.js';
import { RowVirtualizer } from '../list/row-virtualizer.js';
import { sparklinePath } from '../list/sparkline.js';
import { SpeedHistory } from '../list/speed-history.js';
import { Thumbnails } from '../list/thumbnails.js';
import { totalsOf } from '../list/totals.js';
import { uploadsTemplate } from '../list/uploads-template.js';
import type { Handlers, ListState, View } from '../list/view.js';
import { listStyles } from '../styles/list-styles.js';
import { summaryStyles } from '../styles/summary-styles.js';
import { ListActions, type ListActionHooks } from './list-actions.js';
import type { UploaderController } from './uploader-controller.js';

const PART_MAP_CHECK_MS = 1_000;

/** The members of the element that the list uses. */
export interface ListHooks extends ListActionHooks {
  /** Whether thumbnails are shown. */
  hasThumbnails(): boolean;
  /** Whether progress bars have a segment for each part. */
  hasPartMaps(): boolean;
}

/**
 * Shows the uploads: rows, totals, buttons and announcements. `LazyList` loads this code after the element's first update.
 */
export class ListController implements ReactiveController {
  /** Style sheets of the list; the element's last style sheet overrides them. */
  static readonly styles: readonly CSSResult[] = [summaryStyles, listStyles];

  readonly #actions: ListActions;
  readonly #announcer: Announcer;
  readonly #virtualizer: RowVirtualizer;
  readonly #thumbnails: Thumbnails;
  readonly #speeds = new SpeedHistory();
  #progress = totalsOf([]);
  #recoverableCount = 0;
  #uploads: readonly UploadSnapshot[] = [];
  /** Whether the page's styles hide the segments: plain bars are shown then. */
  #isPartMapHidden = false;
  #partMapCheckedAt = -Infinity;
  /** Whether an upload shows the time until its next retry. */
  #hasCountdown = false;
  #countdownTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost & Element,
    private readonly uploader: UploaderController,
    liveRegions: LiveRegions,
    private readonly hooks: ListHooks,
  ) {
    this.#actions = new ListActions(uploader, hooks);
    this.#announcer = new Announcer(liveRegions);
    this.#virtualizer = new RowVirtualizer(host, LIST_SIZES);
    this.#thumbnails = new Thumbnails(host, {
      isEnabled: () => hooks.hasThumbnails(),
      isListed: (id) => uploader.has(id),
      fileOf: (id) => (uploader.has(id) ? uploader.current!.fileOf(id) : null),
    });
    host.addController(this);
  }

  /** Updates totals, total speed and announcements. */
  observe(state: ListState): void {
    const { uploads } = state;
    if (uploads !== this.#uploads) {
      this.#uploads = uploads;
      this.#progress = totalsOf(uploads);
      this.#recoverableCount = uploads.filter(isAwaitingUser).length;
      this.#hasCountdown = uploads.some(({ retryAt }) => retryAt !== null);
    }
    this.#speeds.add('', this.#progress.speed, performance.now());
    this.#announcer.observe({ ...state, progress: this.#progress });
  }

  render(state: ListState, browse: Handlers['browse']): unknown {
    const { rowClick, bulkClick, openQuestion } = this.#actions;
    const view: View = {
      ...state,
      progress: this.#progress,
      openQuestion,
      rowLayout: this.#virtualizer,
      sparklinePath: (id) => sparklinePath(this.#speeds.samplesOf(id)),
      thumbnails: this.#thumbnails.canvases,
      recoverableCount: this.#recoverableCount,
      showsPartMaps: this.hooks.hasPartMaps() && !this.#isPartMapHidden,
    };
    return uploadsTemplate(view, { browse, rowClick, bulkClick });
  }

  keydown(event: KeyboardEvent): void {
    this.#actions.keydown(event);
  }

  /** Records the speed of an upload of several parts. */
  onProgress({ id, status, size, speed }: UploadSnapshot): void {
    if (status === 'uploading' && size > DEFAULT_PART_SIZE) this.#speeds.add(id, speed, performance.now());
  }

  /** Deletes the speeds of an upload that has ended. */
  onEnd({ id }: UploadSnapshot): void {
    this.#speeds.delete(id);
  }

  hostUpdated(): void {
    clearTimeout(this.#countdownTimer);
    if (this.#hasCountdown) this.#countdownTimer = setTimeout(() => this.uploader.refresh(), 1_000);
    this.#checkPartMap();
  }

  /** Shows plain bars if a page hides the part `map`, which was drawn below the bar in earlier releases. */
  #checkPartMap(): void {
    // not at each rendering, because it makes the browser compute the layout
    if (performance.now() - this.#partMapCheckedAt < PART_MAP_CHECK_MS) return;
    const map = this.host.shadowRoot?.querySelector('.map');
    if (!map || !this.host.checkVisibility()) return;
    this.#partMapCheckedAt = performance.now();
    this.#isPartMapHidden = map.getBoundingClientRect().height === 0;
    if (this.#isPartMapHidden) this.host.requestUpdate();
  }

  hostDisconnected(): void {
    clearTimeout(this.#countdownTimer);
  }
}
