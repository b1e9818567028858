/** The rows from `begin` up to, not including, `end`: one rendered block, or all rows between two rendered blocks. */
export interface RowRange {
  readonly begin: number;
  readonly end: number;
  readonly isRendered: boolean;
}

/** Splits a list into ranges. */
export interface RowRanges {
  /** Returns the ranges that make up a list of `count` rows. */
  rangesOf(count: number): readonly RowRange[];
  /** Returns the height in pixels that rows have, or are expected to have, when rendered. */
  heightOf(range: Pick<RowRange, 'begin' | 'end'>): number;
}

/** Sizes of a list; passed on to code that is loaded later, which must not share modules with the main file. */
export const LIST_SIZES = {
  /** Above this number of rows, those far from view are not rendered. */
  longList: 100,
  /** Rows of a block, which are rendered or omitted together. */
  blockRows: 5,
  /** Blocks of a long list that are rendered first. */
  firstBlocks: 4,
  /** Used until a row has been measured. */
  rowHeightPx: 82,
} as const;

/** Renders blocks from the start of a list; an empty box takes the place of the other rows. */
export const leadingRows = (isLimited: boolean): RowRanges => ({
  rangesOf(count) {
    const { longList, blockRows, firstBlocks } = LIST_SIZES;
    const rendered = isLimited && count > longList ? blockRows * firstBlocks : count;
    const ranges: RowRange[] = [];
    for (let begin = 0; begin < rendered; begin += blockRows)
      ranges.push({ begin, end: Math.min(begin + blockRows, count), isRendered: true });
    if (rendered < count) ranges.push({ begin: rendered, end: count, isRendered: false });
    return ranges;
  },
  heightOf: ({ begin, end }) => (end - begin) * LIST_SIZES.rowHeightPx,
});
