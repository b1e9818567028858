import { DEFAULT_PART_SIZE, MAX_PARTS, MIB, MIN_PART_SIZE } from '../limits.js';
import type { Notebook } from './types.js';

const PREFIX = 'mule-upload:line:';
/** Bytes of the largest part that speed alone makes. */
const LARGEST = 64 * MIB;
/** Milliseconds that such a part may take. */
const MOST_TIME = 20_000;
/** Parts of a file at least: enough to keep every lane at work to the end. */
const LEAST_PARTS = 16;
/** Weight of the latest part in what is remembered. */
const NEWEST = 0.2;
/** Milliseconds that a part may take of a limited line: over ten seconds the limit is then kept within 5 %. */
const LIMITED_TIME = 500;
/** Parts after which it is written down. */
const WRITE_EVERY = 8;

/**
 * How fast the line to one destination is, remembered from visit to visit: a part costs its preflight and its answer
 * whatever its size, so that on a fast line large ones pay.
 */
export class LineMemory {
  readonly #notebook: Notebook;
  readonly #scope: () => string;
  #known: { scope: string; speed: number | null } | null = null;
  #parts = 0;

  constructor(notebook: Notebook, scope: () => string) {
    this.#notebook = notebook;
    this.#scope = scope;
  }

  /** Takes in a part that was stored, and how long it took in its lane (milliseconds). */
  sent(size: number, duration: number): void {
    // the last part of a file tells more of latency than of speed
    if (size < DEFAULT_PART_SIZE / 2 || duration <= 0) return;
    const line = this.#line();
    const speed = (size / duration) * 1_000;
    line.speed = line.speed === null ? speed : line.speed + (speed - line.speed) * NEWEST;
    if (this.#parts++ % WRITE_EVERY === 0) this.#notebook.write(PREFIX + line.scope, String(Math.round(line.speed)));
  }

  /**
   * Bytes per part to wish for; undefined where the default will do.
   * @param limit bytes per second that the page allows
   */
  partSizeFor(size: number, limit = Infinity): number | undefined {
    const { speed } = this.#line();
    // a limit is kept by when parts begin
    const largest = Math.min(LARGEST, Math.max(MIN_PART_SIZE, (limit * LIMITED_TIME) / 1_000));
    if (largest < DEFAULT_PART_SIZE) {
      const part = Math.floor(largest / MIB) * MIB;
      return part * MAX_PARTS >= size ? part : undefined;
    }
    if (speed === null) return undefined;
    let wish = DEFAULT_PART_SIZE;
    const isBetter = (next: number): boolean =>
      next <= largest && next * LEAST_PARTS <= size && (next / speed) * 1_000 < MOST_TIME;
    while (isBetter(wish * 2)) wish *= 2;
    return wish > DEFAULT_PART_SIZE ? wish : undefined;
  }

  /** Forgets this destination. */
  forget(): void {
    this.#known = null;
    this.#notebook.write(PREFIX + this.#scope(), null);
  }

  #line(): { scope: string; speed: number | null } {
    const scope = this.#scope();
    if (this.#known?.scope !== scope) {
      const speed = Number(this.#notebook.read(PREFIX + scope));
      this.#known = { scope, speed: speed > 0 && Number.isFinite(speed) ? speed : null };
    }
    return this.#known;
  }
}
