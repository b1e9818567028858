/**
 * The rows from `begin` up to, not including, `end`: either one rendered block, or all rows between two rendered blocks,
 * which a placeholder replaces.
 */
export interface RowRange {
  readonly begin: number;
  readonly end: number;
  readonly isRendered: boolean;
}

/** Decides which rows of a list are rendered, and how high the others would be. */
export interface RowLayout {
  /** Splits a list into ranges, in order. */
  splitIntoRanges(rowCount: number): readonly RowRange[];
  /** Returns the height in pixels of rendered rows: measured if they were rendered before, else estimated. */
  heightOf(range: Pick<RowRange, 'begin' | 'end'>): number;
}

/** Thresholds and sizes of a list. */
export const LIST_SIZES = {
  /** In a list of more rows, the rows far from the viewport are not rendered. */
  maxRowsRenderedAtOnce: 100,
  /** The rows of one block are rendered or removed together. */
  rowsPerBlock: 5,
  /** Number of blocks at the start of a long list that are rendered before positions are known. */
  initialBlocks: 4,
  /** Used until a rendered row was measured. */
  estimatedRowHeightPx: 82,
} as const;
