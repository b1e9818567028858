/** Milliseconds between two samples. */
const STEP = 500;
/** Samples kept: what was longer ago no longer tells how it goes. */
const KEPT = 40;

/** How fast each upload has been of late, for its sparkline. */
export class Speeds {
  readonly #known = new Map<string, { at: number; samples: number[] }>();

  /** Takes a speed in, unless one was taken in just now. @param now milliseconds */
  note(id: string, speed: number, now: number): void {
    const known = this.#known.get(id);
    if (!known) this.#known.set(id, { at: now, samples: [speed] });
    else if (now - known.at >= STEP) {
      known.at = now;
      known.samples.push(speed);
      if (known.samples.length > KEPT) known.samples.shift();
    }
  }

  of(id: string): readonly number[] {
    return this.#known.get(id)?.samples ?? [];
  }

  forget(id: string): void {
    this.#known.delete(id);
  }
}

/** Draws speeds as the outline of an area in a box of 40 by 10, the latest at its end; empty while there are too few. */
export function sparkOf(samples: readonly number[]): string {
  const most = Math.max(...samples);
  if (samples.length < 3 || !(most > 0)) return '';
  const step = 40 / (samples.length - 1);
  const points = samples.map((speed, index) => `${(index * step).toFixed(1)} ${(10 - (speed / most) * 9).toFixed(1)}`);
  return `M0 10L${points.join('L')}V10z`;
}
