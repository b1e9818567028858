/** Sets of part numbers as runs `[first, last]`, ascending and apart from each other: a whole file is one run. */
export type PartRanges = readonly (readonly [first: number, last: number])[];

/** Puts part numbers in; those that are in already change nothing. */
export function addParts(runs: PartRanges, chunks: readonly number[]): PartRanges {
  const all = [...runs, ...chunks.map((chunk) => [chunk, chunk] as const)].sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [first, last] of all) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** Gives the part numbers, ascending. */
export const toPartNumbers = (runs: PartRanges): number[] =>
  runs.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index));

/** Writes runs as text, such as `1-500,502`: 10,000 parts stored in order are 7 characters. */
export const formatPartRanges = (runs: PartRanges): string =>
  runs.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');

/** Reads what `formatRuns` wrote. */
export const parsePartRanges = (text: string): PartRanges =>
  text === ''
    ? []
    : text.split(',').map((run) => {
        const [first, last = first] = run.split('-').map(Number) as [number, number?];
        return [first, last] as const;
      });
