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

/** Sizes of a list. */
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
