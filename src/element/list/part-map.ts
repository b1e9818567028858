import { PART_IN_FLIGHT, PART_STORED } from '../../engine/model/part-states.js';

/** Of more parts, each cell represents several. */
const MAX_CELLS = 100;

/** An SVG image whose unit is one cell: its size, and one path for each state, which crosses the cells in that state. */
export interface PartMap {
  readonly cellCount: number;
  /** The path through all cells, for the background. */
  readonly all: string;
  readonly stored: string;
  /** Cells of which only some parts are stored. */
  readonly partlyStored: string;
  readonly inFlight: string;
  /** The sent share of each cell in flight. */
  readonly sent: string;
}

type CellState = 'stored' | 'partly-stored' | 'in-flight' | 'missing';

/**
 * Computes the paths of a part map.
 * @param states one byte per part, as `partStates()` returns them
 * @param partsSent what has been sent of the parts in flight, as a number of parts
 */
export function drawPartMap(states: Uint8Array, partsSent = 0): PartMap {
  const partCount = states.length;
  const cellCount = Math.min(partCount, MAX_CELLS);
  const firstPartOf = (cell: number): number => Math.floor((cell * partCount) / cellCount);
  const cells = Array.from({ length: cellCount }, (_, cell) =>
    cellStateOf(states.subarray(firstPartOf(cell), firstPartOf(cell + 1))),
  );
  const cellsInFlight = cells.filter((cell) => cell === 'in-flight').length;
  // a cell that represents several parts is not divided
  const sentShare = cellCount === partCount && cellsInFlight ? Math.min(1, partsSent / cellsInFlight) : 0;
  const pathOf = (state: CellState): string => drawPath(cells, (cell) => cell === state);
  return {
    cellCount,
    all: drawPath(cells, () => true),
    stored: pathOf('stored'),
    partlyStored: pathOf('partly-stored'),
    inFlight: pathOf('in-flight'),
    sent: sentShare
      ? cells.map((cell, index) => (cell === 'in-flight' ? `M${index} 0.5h${sentShare.toFixed(2)}` : '')).join('')
      : '',
  };
}

/** Returns the state of a cell; a part in flight takes precedence. */
function cellStateOf(states: Uint8Array): CellState {
  if (states.includes(PART_IN_FLIGHT)) return 'in-flight';
  if (!states.includes(PART_STORED)) return 'missing';
  return states.every((state) => state === PART_STORED) ? 'stored' : 'partly-stored';
}

/** Returns a path with one stroke through each sequence of matching cells. */
function drawPath(cells: readonly CellState[], matches: (cell: CellState) => boolean): string {
  let path = '';
  for (let cell = 0; cell < cells.length;) {
    const begin = cell;
    while (cell < cells.length && matches(cells[cell]!)) cell++;
    if (cell > begin) path += `M${begin} 0.5h${cell - begin}`;
    else cell++;
  }
  return path;
}
