import type { PartPlan } from './part-plan.js';
import type { StoredPart } from './stored-part.js';

/**
 * Which parts of one upload are stored, in flight, or still to be sent, and how far all of it is. Costs a short
 * string for each stored part and nothing for the others.
 */
export class PartTable {
  readonly plan: PartPlan;
  /** ETags without quotes; empty where the store told none to us; undefined for parts that are not stored. */
  readonly #etags: (string | undefined)[] = [];
  /** Parts that are surely this very file's; of the others the store's list alone tells. */
  readonly #verified = new Set<number>();
  /** Bytes sent of each part in flight. */
  readonly #inFlight = new Map<number, number>();
  #done = 0;
  #doneBytes = 0;
  /** No part below this number is still to be sent, those in flight aside. */
  #nextCandidate = 1;

  constructor(plan: PartPlan) {
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
    let inFlight = 0;
    for (const bytes of this.#inFlight.values()) inFlight += bytes;
    return this.#doneBytes + inFlight;
  }

  /** How many parts are in flight. */
  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  /** Whether Complete can be written: every part is stored under a known ETag. */
  get hasEveryEtag(): boolean {
    return this.isComplete && !this.#etags.includes('', 1);
  }

  isStored(partNumber: number): boolean {
    return this.#etags[partNumber] !== undefined;
  }

  isInFlight(partNumber: number): boolean {
    return this.#inFlight.has(partNumber);
  }

  /** Whether a part was sent in this visit, or shown to be the file's, and is that one still: CORS may hide ETags. */
  isVerified(partNumber: number, etag: string): boolean {
    const known = this.#etags[partNumber];
    return this.#verified.has(partNumber) && (known === etag || known === '');
  }

  sizeOf(partNumber: number): number {
    const { start, end } = this.plan.range(partNumber);
    return end - start;
  }

  /** Takes the next part that is neither stored nor in flight, and marks it in flight; null when there is none. */
  startNext(): number | null {
    while (
      this.#nextCandidate <= this.plan.count
      && (this.isStored(this.#nextCandidate) || this.#inFlight.has(this.#nextCandidate))
    )
      this.#nextCandidate++;
    if (this.#nextCandidate > this.plan.count) return null;
    this.#inFlight.set(this.#nextCandidate, 0);
    return this.#nextCandidate++;
  }

  /** Numbers of the parts that are not stored: first those in flight, then the others in order. */
  *missing(): Generator<number> {
    yield* this.#inFlight.keys();
    for (let partNumber = this.#nextCandidate; partNumber <= this.plan.count; partNumber++) {
      if (!this.isStored(partNumber) && !this.#inFlight.has(partNumber)) yield partNumber;
    }
  }

  /** Takes in progress as the browser tells it: it may run past the size when the browser sends again by itself. */
  recordProgress(partNumber: number, bytes: number): void {
    if (this.#inFlight.has(partNumber)) this.#inFlight.set(partNumber, Math.min(bytes, this.sizeOf(partNumber)));
  }

  /** Marks a part that was sent and that the store confirmed. */
  markStored(partNumber: number, etag: string): void {
    this.#verified.add(partNumber);
    this.#store(partNumber, etag);
  }

  /** Takes back that a part is stored: the store holds other bytes. */
  markLost(partNumber: number): void {
    if (!this.isStored(partNumber)) return;
    this.#etags[partNumber] = undefined;
    this.#verified.delete(partNumber);
    this.#done--;
    this.#doneBytes -= this.sizeOf(partNumber);
    this.#nextCandidate = Math.min(this.#nextCandidate, partNumber);
  }

  /** Gives back a part that was in flight and is not stored. */
  release(partNumber: number): void {
    if (this.#inFlight.delete(partNumber)) this.#nextCandidate = Math.min(this.#nextCandidate, partNumber);
  }

  /**
   * Takes the store's word for what is stored: parts with any other than their exact size count as not stored.
   * @param listed in any order; a later duplicate of a number wins
   * @param areProven whether all of them were shown to be the file's
   */
  replaceStored(listed: Iterable<StoredPart>, areProven = false): void {
    const parts = [...listed].filter(
      ({ partNumber, size }) => partNumber <= this.plan.count && size === this.sizeOf(partNumber),
    );
    const proven = parts.filter(({ partNumber, etag }) => areProven || this.isVerified(partNumber, etag));
    this.#verified.clear();
    for (const { partNumber } of proven) this.#verified.add(partNumber);
    this.#etags.length = 0;
    this.#done = this.#doneBytes = 0;
    this.#nextCandidate = 1;
    for (const { partNumber, etag } of parts) this.#store(partNumber, etag);
  }

  #store(partNumber: number, etag: string): void {
    this.#inFlight.delete(partNumber);
    if (!this.isStored(partNumber)) {
      this.#done++;
      this.#doneBytes += this.sizeOf(partNumber);
    }
    this.#etags[partNumber] = etag;
  }

  /** ETags of parts 1, 2, 3 … in order. */
  *etags(): Generator<string> {
    for (let partNumber = 1; partNumber <= this.plan.count; partNumber++) yield this.#etags[partNumber] ?? '';
  }
}
