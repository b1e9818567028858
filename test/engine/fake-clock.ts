import type { Clock } from '../../src/engine/ports.js';

/** Waits for one turn of the event loop, so that pending tasks run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** A clock that a test advances. */
export class FakeClock implements Clock {
  /** The result of `random()`. */
  chance = 0.5;
  // close to the real time, because some code also reads the real clock
  #wall = Math.ceil(Date.now() / 1_000) * 1_000;
  #monotonic = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  random(): number {
    return this.chance;
  }

  setTimer(callback: () => void, delay: number): () => void {
    const timer = { at: this.#monotonic + delay, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Milliseconds until the next timer is due; null if none is set. */
  get nextDelay(): number | null {
    const next = this.#next();
    return next && Math.max(0, next.at - this.#monotonic);
  }

  /** Advances the clock. Timers fire in order; the tasks that each one starts run before the next. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#monotonic + milliseconds;
    for (;;) {
      // a timer's tasks may take several turns, and set the next timer
      for (let turns = 0; turns < 4; turns++) await turn();
      const next = this.#next();
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.#move(Math.max(0, next.at - this.#monotonic));
      next.callback();
    }
    // another caller may have advanced it further meanwhile
    this.#move(Math.max(0, end - this.#monotonic));
    await turn();
  }

  /** Simulates sleep of the device: the wall clock advances, the monotonic clock does not, and no timer fires. */
  sleepFor(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  /** Simulates a busy main thread: time passes, and timers that are due fire at the end. */
  keepBusyFor(milliseconds: number): void {
    this.#move(milliseconds);
  }

  #next(): { at: number; callback: () => void } | null {
    let first = null;
    for (const timer of this.#timers) if (!first || timer.at < first.at) first = timer;
    return first;
  }

  #move(milliseconds: number): void {
    this.#wall += milliseconds;
    this.#monotonic += milliseconds;
  }
}
