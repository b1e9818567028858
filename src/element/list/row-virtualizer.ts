import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { LIST_SIZES, RowRange, RowLayout } from './row-ranges.js';

/** Distance from the viewport within which blocks are rendered. */
const RENDER_MARGIN = '500px';

/**
 * Renders only the blocks of a long list that are near the viewport. A placeholder, an empty element of the same height,
 * replaces the rows between two rendered blocks. So 10,000 rows cost no more than 100, and scrolling stays native.
 * When a placeholder comes near the viewport, one of its blocks is rendered; then the remaining placeholders are observed
 * again. So each frame renders at most one block for each placeholder, even if the user jumps to another position.
 */
export class RowVirtualizer implements ReactiveController, RowLayout {
  readonly #renderedBlocks: Set<number>;
  readonly #blockHeightsPx = new Map<number, number>();
  #rowHeightPx: number;
  #intersectionObserver: IntersectionObserver | null = null;
  #resizeObserver: ResizeObserver | null = null;
  /** Width of the list for which heights were measured. */
  #measuredWidthPx = 0;
  /** Scroll position before an update that renders or removes blocks; null for other updates. */
  #scrollTop: number | null = null;
  #ranges: readonly RowRange[] = [];
  #isLong = false;
  /** The observed children of the list, each a rendered block or a placeholder. */
  #observedRanges = new Map<Element, RowRange>();
  /** Whether blocks were rendered or removed since the last update. */
  #haveBlocksChanged = false;

  constructor(
    private readonly host: ReactiveControllerHost & Element,
    private readonly sizes: typeof LIST_SIZES,
  ) {
    this.#renderedBlocks = new Set(Array(sizes.initialBlocks).keys());
    this.#rowHeightPx = sizes.estimatedRowHeightPx;
    host.addController(this);
  }

  get #list(): Element | null | undefined {
    return this.host.shadowRoot?.querySelector('.list');
  }

  splitIntoRanges(rowCount: number): readonly RowRange[] {
    const { maxRowsRenderedAtOnce, rowsPerBlock } = this.sizes;
    this.#isLong = rowCount > maxRowsRenderedAtOnce;
    const blocks = Array.from({ length: Math.ceil(rowCount / rowsPerBlock) }, (_, block) => block);
    const rendered = this.#isLong ? blocks.filter((block) => this.#renderedBlocks.has(block)) : blocks;
    const ranges: RowRange[] = [];
    let nextRow = 0;
    for (const begin of rendered.map((block) => block * rowsPerBlock)) {
      if (begin > nextRow) ranges.push({ begin: nextRow, end: begin, isRendered: false });
      nextRow = Math.min(begin + rowsPerBlock, rowCount);
      ranges.push({ begin, end: nextRow, isRendered: true });
    }
    if (nextRow < rowCount) ranges.push({ begin: nextRow, end: rowCount, isRendered: false });
    return (this.#ranges = ranges);
  }

  heightOf({ begin, end }: Pick<RowRange, 'begin' | 'end'>): number {
    const { rowsPerBlock } = this.sizes;
    let height = 0;
    for (let row = begin; row < end; row += rowsPerBlock)
      height += this.#blockHeightsPx.get(row / rowsPerBlock) ?? Math.min(rowsPerBlock, end - row) * this.#rowHeightPx;
    return height;
  }

  /** Requests an update, which observes the list again after the element was moved in the document. */
  hostConnected(): void {
    if (this.#isLong) this.host.requestUpdate();
  }

  hostUpdate(): void {
    this.#scrollTop = this.#haveBlocksChanged ? (this.#list?.scrollTop ?? null) : null;
  }

  hostUpdated(): void {
    if (!this.#isLong) {
      this.#stopObserving();
      return;
    }
    const list = this.#list;
    const children = [...(list?.children ?? [])];
    // WebKit lays out the list during the update, and then scrolls back from the end of the list
    if (list && this.#scrollTop !== null && list.scrollTop < this.#scrollTop) list.scrollTop = this.#scrollTop;
    const currentChildren = new Set(children);
    for (const child of this.#observedRanges.keys()) if (!currentChildren.has(child)) this.#unobserve(child);
    this.#intersectionObserver ??= new IntersectionObserver((entries) => this.#onIntersection(entries), {
      rootMargin: RENDER_MARGIN,
      scrollMargin: RENDER_MARGIN,
    });
    if (list && !this.#resizeObserver) {
      this.#resizeObserver = new ResizeObserver(([entry]) => this.#onResize(entry!.contentRect.width));
      this.#resizeObserver.observe(list);
    }
    for (const [index, child] of children.entries()) {
      const range = this.#ranges[index]!;
      const isNew = !this.#observedRanges.has(child);
      this.#observedRanges.set(child, range);
      // the observer reports only changes: a placeholder that stays near the viewport has to be observed again
      if (!isNew && !range.isRendered && this.#haveBlocksChanged) this.#intersectionObserver.unobserve(child);
      if (isNew || (!range.isRendered && this.#haveBlocksChanged)) this.#intersectionObserver.observe(child);
    }
    this.#haveBlocksChanged = false;
  }

  hostDisconnected(): void {
    this.#stopObserving();
  }

  #stopObserving(): void {
    this.#intersectionObserver?.disconnect();
    this.#intersectionObserver = null;
    this.#resizeObserver?.disconnect();
    this.#resizeObserver = null;
    this.#observedRanges.clear();
  }

  /** Discards measured heights when the width changes, because lines wrap differently. */
  #onResize(width: number): void {
    if (width === this.#measuredWidthPx) return;
    this.#measuredWidthPx = width;
    this.#blockHeightsPx.clear();
    const rendered = [...this.#observedRanges].find(
      ([{ childElementCount }, { isRendered }]) => isRendered && childElementCount > 0,
    );
    if (rendered) this.#rowHeightPx = rendered[0].getBoundingClientRect().height / rendered[0].childElementCount;
    this.host.requestUpdate();
  }

  #unobserve(child: Element): void {
    this.#intersectionObserver?.unobserve(child);
    this.#observedRanges.delete(child);
  }

  #onIntersection(entries: readonly IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      const { target, isIntersecting } = entry;
      const range = this.#observedRanges.get(target);
      if (!range || range.isRendered === isIntersecting) continue;
      if (isIntersecting) this.#renderedBlocks.add(this.#blockToRender(range, entry));
      // a block that has the focus is not removed
      else if (target.contains(this.host.shadowRoot!.activeElement)) continue;
      else this.#removeBlock(range.begin / this.sizes.rowsPerBlock, entry);
      this.#haveBlocksChanged = true;
    }
    if (this.#haveBlocksChanged) this.host.requestUpdate();
  }

  /**
   * Returns the block of a placeholder to render next: its first or last block if that edge of the placeholder is visible,
   * else the block in the middle of the visible part.
   */
  #blockToRender(
    { begin, end }: RowRange,
    { boundingClientRect: placeholder, intersectionRect: visible }: IntersectionObserverEntry,
  ): number {
    const { rowsPerBlock } = this.sizes;
    const lastBlock = Math.ceil(end / rowsPerBlock) - 1;
    let block = begin / rowsPerBlock;
    if (visible.top - placeholder.top < 1) return block;
    if (placeholder.bottom - visible.bottom < 1) return lastBlock;
    const middle = (visible.top + visible.bottom) / 2 - placeholder.top;
    for (let bottom = 0; block < lastBlock; block++) {
      bottom += this.heightOf({ begin: block * rowsPerBlock, end: (block + 1) * rowsPerBlock });
      if (bottom >= middle) break;
    }
    return block;
  }

  #removeBlock(block: number, { target, boundingClientRect: { height } }: IntersectionObserverEntry): void {
    this.#renderedBlocks.delete(block);
    if (target.childElementCount === 0) return;
    this.#blockHeightsPx.set(block, height);
    this.#rowHeightPx = height / target.childElementCount;
  }
}
