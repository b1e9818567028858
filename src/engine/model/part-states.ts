import type { PartTable } from './part-table.js';

/** State of a part in one byte, so that 10,000 parts take 10 kB and copying them takes less than a millisecond. */
export const PART_WAITING = 0;
export const PART_IN_FLIGHT = 1;
export const PART_STORED = 2;

/** Returns the state of each part, part 1 first. */
export function partStates(table: PartTable): Uint8Array {
  const { count } = table.plan;
  const states = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    if (table.isStored(index + 1)) states[index] = PART_STORED;
    else if (table.isInFlight(index + 1)) states[index] = PART_IN_FLIGHT;
  }
  return states;
}
