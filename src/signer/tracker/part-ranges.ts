/** A set of part numbers as ranges `[first, last]`, ascending and not adjacent; a complete file is one range. */
export type PartRanges = readonly (readonly [first: number, last: number])[];

/** Returns the set with more part numbers added. */
export function addParts(ranges: PartRanges, chunks: readonly number[]): PartRanges {
  const all = [...ranges, ...chunks.map((chunk) => [chunk, chunk] as const)].sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [first, last] of all) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** Returns the part numbers, ascending. */
export const toPartNumbers = (ranges: PartRanges): number[] =>
  ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index));

/** Formats ranges, such as `1-500,502`. 10,000 consecutive parts need 7 characters. */
export const formatPartRanges = (ranges: PartRanges): string =>
  ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');

/** Parses the format of `formatPartRanges`. */
export const parsePartRanges = (text: string): PartRanges =>
  text === ''
    ? []
    : text.split(',').map((range) => {
        const [first, last = first] = range.split('-').map(Number) as [number, number?];
        return [first, last] as const;
      });
