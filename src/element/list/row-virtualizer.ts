import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { LIST_SIZES, RowRange, RowRanges } from './row-ranges.js';

/** Distance from the view within which blocks are rendered. */
const VIEW_MARGIN = '500px';

/**
 * Selects which blocks of a long list are rendered: those near the view. An empty box of the same height takes the place
 * of the rows between them, so that 10,000 rows cost no more than 100, and scrolling stays native.
 * When a box comes into view, one block of it is rendered, and the rest is observed again: a jump renders one block a frame.
 */
export class RowVirtualizer implements ReactiveController, RowRanges {
  readonly #renderedBlocks: Set<number>;
  readonly #blockHeights = new Map<number, number>();
  #rowHeight: number;
  #intersections: IntersectionObserver | null = null;
  #resizes: ResizeObserver | null = null;
  /** Width for which heights were measured, in pixels. */
  #width = 0;
  /** Scroll position before an update that renders or removes blocks. */
  #scrollTop: number | null = null;
  #ranges: readonly RowRange[] = [];
  #isLong = false;
  #observed = new Map<Element, RowRange>();
  /** Whether blocks were added or removed since the boxes were last observed. */
  #hasChanged = false;

  constructor(
    private readonly host: ReactiveControllerHost & Element,
    private readonly sizes: typeof LIST_SIZES,
  ) {
    this.#renderedBlocks = new Set(Array(sizes.firstBlocks).keys());
    this.#rowHeight = sizes.rowHeightPx;
    host.addController(this);
  }

  get #list(): Element | null | undefined {
    return this.host.shadowRoot?.querySelector('.list');
  }

  rangesOf(count: number): readonly RowRange[] {
    const { longList, blockRows } = this.sizes;
    this.#isLong = count > longList;
    const blocks = Array.from({ length: Math.ceil(count / blockRows) }, (_, block) => block);
    const rendered = this.#isLong ? blocks.filter((block) => this.#renderedBlocks.has(block)) : blocks;
    const ranges: RowRange[] = [];
    let at = 0;
    for (const begin of rendered.map((block) => block * blockRows)) {
      if (begin > at) ranges.push({ begin: at, end: begin, isRendered: false });
      ranges.push({ begin, end: (at = Math.min(begin + blockRows, count)), isRendered: true });
    }
    if (at < count) ranges.push({ begin: at, end: count, isRendered: false });
    return (this.#ranges = ranges);
  }

  heightOf({ begin, end }: Pick<RowRange, 'begin' | 'end'>): number {
    const { blockRows } = this.sizes;
    let height = 0;
    for (let row = begin; row < end; row += blockRows)
      height += this.#blockHeights.get(row / blockRows) ?? Math.min(blockRows, end - row) * this.#rowHeight;
    return height;
  }

  /** Observes again after the element was moved in the document. */
  hostConnected(): void {
    if (this.#isLong) this.host.requestUpdate();
  }

  hostUpdate(): void {
    this.#scrollTop = this.#hasChanged ? (this.#list?.scrollTop ?? null) : null;
  }

  hostUpdated(): void {
    if (!this.#isLong) {
      this.hostDisconnected();
      return;
    }
    const list = this.#list;
    const boxes = [...(list?.children ?? [])];
    // WebKit lays out the list during the update, and scrolls back from its end
    if (list && this.#scrollTop !== null && list.scrollTop < this.#scrollTop) list.scrollTop = this.#scrollTop;
    const current = new Set(boxes);
    for (const box of this.#observed.keys()) if (!current.has(box)) this.#unobserve(box);
    this.#intersections ??= new IntersectionObserver((entries) => this.#onIntersection(entries), {
      rootMargin: VIEW_MARGIN,
      scrollMargin: VIEW_MARGIN,
    });
    if (list && !this.#resizes) {
      this.#resizes = new ResizeObserver(([entry]) => this.#onResize(entry!.contentRect.width));
      this.#resizes.observe(list);
    }
    for (const [index, box] of boxes.entries()) {
      const range = this.#ranges[index]!;
      const isNew = !this.#observed.has(box);
      this.#observed.set(box, range);
      // the observer reports only changes: a box that stays in view has to be observed again
      if (!isNew && !range.isRendered && this.#hasChanged) this.#intersections.unobserve(box);
      if (isNew || (!range.isRendered && this.#hasChanged)) this.#intersections.observe(box);
    }
    this.#hasChanged = false;
  }

  hostDisconnected(): void {
    this.#intersections?.disconnect();
    this.#intersections = null;
    this.#resizes?.disconnect();
    this.#resizes = null;
    this.#observed.clear();
  }

  /** Discards measured heights when the width changes, because lines wrap differently. */
  #onResize(width: number): void {
    if (width === this.#width) return;
    this.#width = width;
    this.#blockHeights.clear();
    const rendered = [...this.#observed].find(
      ([{ childElementCount }, { isRendered }]) => isRendered && childElementCount > 0,
    );
    if (rendered) this.#rowHeight = rendered[0].getBoundingClientRect().height / rendered[0].childElementCount;
    this.host.requestUpdate();
  }

  #unobserve(box: Element): void {
    this.#intersections?.unobserve(box);
    this.#observed.delete(box);
  }

  #onIntersection(entries: readonly IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      const { target, isIntersecting } = entry;
      const range = this.#observed.get(target);
      if (!range || range.isRendered === isIntersecting) continue;
      if (isIntersecting) this.#renderedBlocks.add(this.#blockToRender(range, entry));
      // a block that has the focus stays
      else if (target.contains(this.host.shadowRoot!.activeElement)) continue;
      else this.#removeBlock(range.begin / this.sizes.blockRows, entry);
      this.#hasChanged = true;
    }
    if (this.#hasChanged) this.host.requestUpdate();
  }

  /** Returns the block of a box to render first: the first or last block if that edge of the box is visible, else the one in the middle of the view. */
  #blockToRender(
    { begin, end }: RowRange,
    { boundingClientRect: box, intersectionRect: seen }: IntersectionObserverEntry,
  ): number {
    const { blockRows } = this.sizes;
    const last = Math.ceil(end / blockRows) - 1;
    let block = begin / blockRows;
    if (seen.top - box.top < 1) return block;
    if (box.bottom - seen.bottom < 1) return last;
    const middle = (seen.top + seen.bottom) / 2 - box.top;
    for (let bottom = 0; block < last; block++) {
      bottom += this.heightOf({ begin: block * blockRows, end: (block + 1) * blockRows });
      if (bottom >= middle) break;
    }
    return block;
  }

  #removeBlock(block: number, { target, boundingClientRect: { height } }: IntersectionObserverEntry): void {
    this.#renderedBlocks.delete(block);
    if (target.childElementCount === 0) return;
    this.#blockHeights.set(block, height);
    this.#rowHeight = height / target.childElementCount;
  }
}
