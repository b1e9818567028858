import type { Clock } from '../ports.js';
import { BackgroundTimers } from './background-timers.js';

/** The timers of `systemClock`. */
export const systemTimers = new BackgroundTimers();

/** The device's clock. Its timers also run on time while the page is hidden, once they use a worker. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (callback, delay) => systemTimers.set(callback, delay),
  random: () => Math.random(),
};
