import type { Clock } from '../ports.js';
import { BackgroundTimers } from './background-timers.js';

const timers = new BackgroundTimers();

/** The device's clock. Its timers also run on time while the page is hidden. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (callback, delay) => timers.set(callback, delay),
  random: () => Math.random(),
};
