import type { Clock } from '../../src/engine/ports.js';

/** Waits for one turn of the event loop, so that the tasks that are queued now run. */
export function nextTurn(): Promise<void> {
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
  randomValue = 0.5;
  // starts near the real time, because some code also reads the real clock
  #wallMs = Math.ceil(Date.now() / 1_000) * 1_000;
  #monotonicMs = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  random(): number {
    return this.randomValue;
  }

  setTimer(callback: () => void, delay: number): () => void {
    const timer = { at: this.#monotonicMs + delay, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Milliseconds until the next timer is due; null if none is set. */
  get nextDelay(): number | null {
    const next = this.#earliestTimer();
    return next && Math.max(0, next.at - this.#monotonicMs);
  }

  /** Advances the clock. Timers fire in order; the tasks that a timer starts run before the next timer fires. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#monotonicMs + milliseconds;
    for (;;) {
      // the tasks of a timer may take several turns of the event loop, and set the next timer
      for (let turns = 0; turns < 4; turns++) await nextTurn();
      const next = this.#earliestTimer();
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.#moveBothClocks(Math.max(0, next.at - this.#monotonicMs));
      next.callback();
    }
    // another caller may have advanced the clock further during these waits
    this.#moveBothClocks(Math.max(0, end - this.#monotonicMs));
    await nextTurn();
  }

  /** Simulates sleep of the device: the wall clock advances, the monotonic clock does not, and no timer fires. */
  sleepFor(milliseconds: number): void {
    this.#wallMs += milliseconds;
  }

  /** Simulates a busy main thread: time passes, and timers that are due fire at the end. */
  keepBusyFor(milliseconds: number): void {
    this.#moveBothClocks(milliseconds);
  }

  #earliestTimer(): { at: number; callback: () => void } | null {
    let earliest = null;
    for (const timer of this.#timers) if (!earliest || timer.at < earliest.at) earliest = timer;
    return earliest;
  }

  #moveBothClocks(milliseconds: number): void {
    this.#wallMs += milliseconds;
    this.#monotonicMs += milliseconds;
  }
}
