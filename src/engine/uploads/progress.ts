import type { Clock } from '../ports.js';
import type { Upload } from './upload.js';

/** Milliseconds between two progress events of one upload. */
const INTERVAL_MS = 100;

/** Reports the progress of each changed upload at most once per interval. */
export class ProgressReporter {
  readonly #clock: Clock;
  readonly #report: (upload: Upload) => void;
  readonly #changed = new Set<Upload>();
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, report: (upload: Upload) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Schedules a report of an upload. */
  add(upload: Upload): void {
    this.#changed.add(upload);
    this.#cancelTimer ??= this.#clock.setTimer(() => {
      this.#cancelTimer = null;
      const changed = [...this.#changed];
      this.#changed.clear();
      for (const upload of changed) this.#report(upload);
    }, INTERVAL_MS);
  }

  /** Forgets an upload that has left the list. */
  remove(upload: Upload): void {
    this.#changed.delete(upload);
  }

  dispose(): void {
    this.#cancelTimer?.();
  }
}
