import type { PartTable } from './part-table.js';

/** What a part is at: one byte each, so that ten thousand of them cost ten kilobytes and a fraction of a millisecond. */
export const PART_WAITING = 0;
export const PART_IN_FLIGHT = 1;
export const PART_STORED = 2;

/** Takes down what each part of a table is at, part 1 first. */
export function partStates(table: PartTable): Uint8Array {
  const { count } = table.plan;
  const states = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    if (table.isStored(index + 1)) states[index] = PART_STORED;
    else if (table.isInFlight(index + 1)) states[index] = PART_IN_FLIGHT;
  }
  return states;
}
