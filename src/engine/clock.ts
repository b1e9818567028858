import { abortable } from './abort.js';
import type { Clock } from './types.js';

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delay) {
    const handle = setTimeout(callback, delay);
    return () => clearTimeout(handle);
  },
  random: () => Math.random(),
};

/** Resolves after `delay` milliseconds; rejects with the signal's reason when aborted. */
export function sleep(clock: Clock, delay: number, signal: AbortSignal): Promise<void> {
  return abortable(signal, (resolve) => clock.setTimer(resolve, delay));
}
