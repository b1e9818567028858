import type { Clock } from '../../src/engine/ports.js';

/** Lets everything run that is ready to: one turn of the event loop. */
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

/** A clock that a test moves by hand. */
export class FakeClock implements Clock {
  /** What `random()` gives. */
  chance = 0.5;
  // near the truth, for what reads the real clock as well
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

  /** Milliseconds until the next timer is due; null where none is set. */
  get nextDelay(): number | null {
    const next = this.#next();
    return next && Math.max(0, next.at - this.#monotonic);
  }

  /** Lets time pass; timers fire in order, each followed by all that it set going. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#monotonic + milliseconds;
    for (;;) {
      // what a timer sets going may take some turns, and set the next timer
      for (let turns = 0; turns < 4; turns++) await turn();
      const next = this.#next();
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.#move(Math.max(0, next.at - this.#monotonic));
      next.callback();
    }
    // another may have moved it further meanwhile
    this.#move(Math.max(0, end - this.#monotonic));
    await turn();
  }

  /** The machine sleeps: the wall clock goes on, the other stands still, and no timer fires. */
  sleepFor(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  /** The page is kept busy: time passes, and timers that were due fire when it is through. */
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
