import { PART_IN_FLIGHT, PART_STORED } from '../../engine/model/part-states.js';

/** Cells in one line of a map, at most; beyond two lines a cell stands for several parts. */
const COLUMNS = 100;
const MOST_LINES = 2;

/** A map as paths of an SVG whose unit is one cell: lines through the cells that are in one state. */
export interface PartMap {
  readonly columns: number;
  readonly lines: number;
  /** Every cell; what is drawn upon. */
  readonly all: string;
  readonly stored: string;
  /** Cells of which only some parts are stored. */
  readonly partly: string;
  readonly flying: string;
}

type Look = 'stored' | 'partly' | 'flying' | 'empty';

/** Draws what each part is at. @param states a byte for each part, as the engine gives them */
export function mapOf(states: Uint8Array): PartMap {
  const parts = states.length;
  const lines = parts <= COLUMNS ? 1 : MOST_LINES;
  const columns = Math.min(COLUMNS, Math.ceil(parts / lines));
  const cells = Math.min(parts, columns * lines);
  const looks = Array.from({ length: cells }, (_, cell) =>
    lookOf(states.subarray(Math.floor((cell * parts) / cells), Math.floor(((cell + 1) * parts) / cells))),
  );
  const draw = (...wanted: Look[]): string => pathOf(looks, columns, (look) => wanted.includes(look));
  return {
    columns,
    lines,
    all: draw('stored', 'partly', 'flying', 'empty'),
    stored: draw('stored'),
    partly: draw('partly'),
    flying: draw('flying'),
  };
}

/** What is on its way shows before all else. */
function lookOf(states: Uint8Array): Look {
  if (states.includes(PART_IN_FLIGHT)) return 'flying';
  if (!states.includes(PART_STORED)) return 'empty';
  return states.every((state) => state === PART_STORED) ? 'stored' : 'partly';
}

function pathOf(looks: readonly Look[], columns: number, isWanted: (look: Look) => boolean): string {
  let path = '';
  for (let cell = 0; cell < looks.length;) {
    const begin = cell;
    // a run ends with its line
    while (cell < looks.length && isWanted(looks[cell]!) && (cell === begin || cell % columns > 0)) cell++;
    if (cell > begin) path += `M${begin % columns} ${Math.floor(begin / columns) + 0.5}h${cell - begin}`;
    else cell++;
  }
  return path;
}
