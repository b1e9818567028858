import type { Clock } from '../ports.js';

/** The page's own timers, which browsers slow down while the page is hidden. */
export const pageTimers: Pick<Clock, 'now' | 'setTimer'> = {
  now: () => Date.now(),
  setTimer(callback, delay) {
    const timer = setTimeout(callback, delay);
    return () => clearTimeout(timer);
  },
};
