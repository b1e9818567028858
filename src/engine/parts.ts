import type { Plan } from './plan.js';
import type { StoredPart } from './s3.js';

/**
 * Which parts of one upload are stored, in flight, or still to be sent, and how far all of it is. Costs a short
 * string for each stored part and nothing for the others.
 */
export class PartTable {
  readonly plan: Plan;
  /** ETags without quotes; empty where the store told none to us; undefined for parts that are not stored. */
  readonly #etags: (string | undefined)[] = [];
  /** Bytes sent of each part in flight. */
  readonly #flying = new Map<number, number>();
  #done = 0;
  #doneBytes = 0;
  /** No part below this number is still to be sent, those in flight aside. */
  #lowest = 1;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  get done(): number {
    return this.#done;
  }

  get isComplete(): boolean {
    return this.#done === this.plan.count;
  }

  /** Bytes stored, and sent of parts in flight; what a failed part had sent is taken back. */
  get loaded(): number {
    let flying = 0;
    for (const bytes of this.#flying.values()) flying += bytes;
    return this.#doneBytes + flying;
  }

  /** Whether Complete can be written: every part is stored under a known ETag. */
  get hasEveryEtag(): boolean {
    return this.isComplete && !this.#etags.includes('', 1);
  }

  isStored(partNumber: number): boolean {
    return this.#etags[partNumber] !== undefined;
  }

  sizeOf(partNumber: number): number {
    const { start, end } = this.plan.range(partNumber);
    return end - start;
  }

  /** Takes the next part that is neither stored nor in flight, and marks it in flight; null when there is none. */
  takeNext(): number | null {
    while (this.#lowest <= this.plan.count && (this.isStored(this.#lowest) || this.#flying.has(this.#lowest)))
      this.#lowest++;
    if (this.#lowest > this.plan.count) return null;
    this.#flying.set(this.#lowest, 0);
    return this.#lowest++;
  }

  /** Numbers of the parts that are not stored: first those in flight, then the others in order. */
  *missing(): Generator<number> {
    yield* this.#flying.keys();
    for (let partNumber = this.#lowest; partNumber <= this.plan.count; partNumber++) {
      if (!this.isStored(partNumber) && !this.#flying.has(partNumber)) yield partNumber;
    }
  }

  /** Takes in progress as the browser tells it: it may run past the size when the browser sends again by itself. */
  sent(partNumber: number, bytes: number): void {
    if (this.#flying.has(partNumber)) this.#flying.set(partNumber, Math.min(bytes, this.sizeOf(partNumber)));
  }

  /** Marks a part that the store confirmed. */
  stored(partNumber: number, etag: string): void {
    this.#flying.delete(partNumber);
    if (!this.isStored(partNumber)) {
      this.#done++;
      this.#doneBytes += this.sizeOf(partNumber);
    }
    this.#etags[partNumber] = etag;
  }

  /** Gives back a part that was in flight and is not stored. */
  dropped(partNumber: number): void {
    if (this.#flying.delete(partNumber)) this.#lowest = Math.min(this.#lowest, partNumber);
  }

  /**
   * Takes the store's word for what is stored: parts with any other than their exact size count as not stored.
   * @param listed in any order; a later duplicate of a number wins
   */
  replaceStored(listed: Iterable<StoredPart>): void {
    this.#etags.length = 0;
    this.#done = this.#doneBytes = 0;
    this.#lowest = 1;
    for (const { partNumber, size, etag } of listed) {
      if (partNumber <= this.plan.count && size === this.sizeOf(partNumber)) this.stored(partNumber, etag);
    }
  }

  /** ETags of parts 1, 2, 3 … in order. */
  *etags(): Generator<string> {
    for (let partNumber = 1; partNumber <= this.plan.count; partNumber++) yield this.#etags[partNumber] ?? '';
  }
}
