import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Rows that are rendered, or left out, together. */
const BLOCK = 5;
/** Above so many rows those far from view are left out. */
export const LONG = 100;
/** Pixels around the view within which rows are kept ready. */
const MARGIN = '500px';
/** Pixels of a row, until one has been measured. */
const FIRST_GUESS = 82;

/** Consecutive rows, from `begin` to before `end`: a block that is rendered, or all that lie between two that are. */
export interface Run {
  readonly begin: number;
  readonly end: number;
  readonly isNear: boolean;
}

/**
 * Knows which blocks of a long list are near enough to be seen: those between them are one empty box of their height, so
 * that ten thousand rows cost a page no more than a hundred. The browser does the scrolling, whoever scrolls. A box that
 * comes into view has one block of it rendered, and is asked again: a jump never costs more than that in one frame.
 */
export class RowWindow implements ReactiveController {
  readonly #near = new Set<number>([0, 1, 2, 3]);
  readonly #heights = new Map<number, number>();
  #rowHeight = FIRST_GUESS;
  #observer: IntersectionObserver | null = null;
  #sizes: ResizeObserver | null = null;
  /** Pixels; of another width all heights are others. */
  #width = 0;
  /** Where the list was when blocks began to come and go. */
  #scrolledTo: number | null = null;
  #runs: readonly Run[] = [];
  #isLong = false;
  #watched = new Map<Element, Run>();
  /** Whether blocks came or went since the boxes were asked whether they are in view. */
  #hasMoved = false;

  constructor(private readonly host: ReactiveControllerHost & Element) {
    host.addController(this);
  }

  get #list(): Element | null | undefined {
    return this.host.shadowRoot?.querySelector('.list');
  }

  /** What a list of so many rows consists of, in its order. */
  runs(count: number): readonly Run[] {
    this.#isLong = count > LONG;
    const blocks = Array.from({ length: Math.ceil(count / BLOCK) }, (_, block) => block);
    const near = this.#isLong ? blocks.filter((block) => this.#near.has(block)) : blocks;
    const runs: Run[] = [];
    let at = 0;
    for (const begin of near.map((block) => block * BLOCK)) {
      if (begin > at) runs.push({ begin: at, end: begin, isNear: false });
      runs.push({ begin, end: (at = Math.min(begin + BLOCK, count)), isNear: true });
    }
    if (at < count) runs.push({ begin: at, end: count, isNear: false });
    return (this.#runs = runs);
  }

  /** Pixels that rows take while they are left out. */
  heightOf({ begin, end }: Pick<Run, 'begin' | 'end'>): number {
    let height = 0;
    for (let row = begin; row < end; row += BLOCK)
      height += this.#heights.get(row / BLOCK) ?? Math.min(BLOCK, end - row) * this.#rowHeight;
    return height;
  }

  /** Whoever was moved in the document looks again. */
  hostConnected(): void {
    if (this.#isLong) this.host.requestUpdate();
  }

  hostUpdate(): void {
    this.#scrolledTo = this.#hasMoved ? (this.#list?.scrollTop ?? null) : null;
  }

  hostUpdated(): void {
    if (!this.#isLong) {
      this.hostDisconnected();
      return;
    }
    const list = this.#list;
    const boxes = [...(list?.children ?? [])];
    // WebKit lays out the list in the midst of an update, and pushes back whoever was at its end
    if (list && this.#scrolledTo !== null && list.scrollTop < this.#scrolledTo) list.scrollTop = this.#scrolledTo;
    const kept = new Set(boxes);
    for (const known of this.#watched.keys()) if (!kept.has(known)) this.#forget(known);
    this.#observer ??= new IntersectionObserver((entries) => this.#look(entries), {
      rootMargin: MARGIN,
      scrollMargin: MARGIN,
    });
    if (list && !this.#sizes) {
      this.#sizes = new ResizeObserver(([entry]) => this.#fit(entry!.contentRect.width));
      this.#sizes.observe(list);
    }
    for (const [index, box] of boxes.entries()) {
      const run = this.#runs[index]!;
      const isNew = !this.#watched.has(box);
      this.#watched.set(box, run);
      // an observer says nothing of what stays in view: only one that is new to it
      if (!isNew && !run.isNear && this.#hasMoved) this.#observer.unobserve(box);
      if (isNew || (!run.isNear && this.#hasMoved)) this.#observer.observe(box);
    }
    this.#hasMoved = false;
  }

  hostDisconnected(): void {
    this.#observer?.disconnect();
    this.#observer = null;
    this.#sizes?.disconnect();
    this.#sizes = null;
    this.#watched.clear();
  }

  /** Measures anew once lines break elsewhere: a sum of old heights would put the end of the list in a wrong place. */
  #fit(width: number): void {
    if (width === this.#width) return;
    this.#width = width;
    this.#heights.clear();
    const rendered = [...this.#watched].find(([{ childElementCount }, { isNear }]) => isNear && childElementCount > 0);
    if (rendered) this.#rowHeight = rendered[0].getBoundingClientRect().height / rendered[0].childElementCount;
    this.host.requestUpdate();
  }

  #forget(box: Element): void {
    this.#observer?.unobserve(box);
    this.#watched.delete(box);
  }

  #look(entries: readonly IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      const { target, isIntersecting } = entry;
      const run = this.#watched.get(target);
      if (!run || run.isNear === isIntersecting) continue;
      if (isIntersecting) this.#near.add(this.#entering(run, entry));
      // who is at work in it by keyboard must not lose the place
      else if (target.contains(this.host.shadowRoot!.activeElement)) continue;
      else this.#leave(run.begin / BLOCK, entry);
      this.#hasMoved = true;
    }
    if (this.#hasMoved) this.host.requestUpdate();
  }

  /** Which block of a box is rendered first: beside what is rendered, or else in the middle of the view. */
  #entering(
    { begin, end }: Run,
    { boundingClientRect: box, intersectionRect: seen }: IntersectionObserverEntry,
  ): number {
    const last = Math.ceil(end / BLOCK) - 1;
    let block = begin / BLOCK;
    if (seen.top - box.top < 1) return block;
    if (box.bottom - seen.bottom < 1) return last;
    const middle = (seen.top + seen.bottom) / 2 - box.top;
    for (let below = 0; block < last; block++) {
      below += this.heightOf({ begin: block * BLOCK, end: (block + 1) * BLOCK });
      if (below >= middle) break;
    }
    return block;
  }

  #leave(block: number, { target, boundingClientRect: { height } }: IntersectionObserverEntry): void {
    this.#near.delete(block);
    if (target.childElementCount === 0) return;
    this.#heights.set(block, height);
    this.#rowHeight = height / target.childElementCount;
  }
}
