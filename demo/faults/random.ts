/** Returns the next number of a sequence, from 0 up to, not including, 1. A seed determines the sequence. */
export type Random = () => number;

/**
 * Creates a seeded generator of random numbers (mulberry32).
 * @param seed an integer; only its lowest 32 bits are used
 * @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
