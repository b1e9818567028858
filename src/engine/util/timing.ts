import { abortable } from './abort.js';
import { BackgroundTimers } from '../browser/background-timers.js';
import type { Clock } from '../ports.js';

const timers = new BackgroundTimers();

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (callback, delay) => timers.set(callback, delay),
  random: () => Math.random(),
};

/** A sleep that can be cut short. */
export interface CancellableSleep {
  /** Resolves when it is over; rejects with the signal's reason when aborted. */
  readonly over: Promise<void>;
  wake(): void;
}

/** Sleeps for so many milliseconds, or until woken. */
export function cancellableSleep(clock: Clock, delay: number, signal: AbortSignal): CancellableSleep {
  let wake = (): void => {};
  const over = abortable<void>(signal, (resolve) => {
    const cancel = clock.setTimer(resolve, delay);
    wake = () => {
      cancel();
      resolve();
    };
    return cancel;
  });
  return { over, wake };
}

/** Resolves after `delay` milliseconds; rejects with the signal's reason when aborted. */
export const sleep = (clock: Clock, delay: number, signal: AbortSignal): Promise<void> =>
  cancellableSleep(clock, delay, signal).over;
