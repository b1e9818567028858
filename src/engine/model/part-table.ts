import type { PartPlan } from './part-plan.js';
import type { StoredPart } from './stored-part.js';

/**
 * Records which parts of one upload are stored, in flight or waiting, and how many bytes were sent. It keeps a short
 * string for each stored part and nothing for the others.
 */
export class PartTable {
  readonly plan: PartPlan;
  /** ETags without quotes, by part number: empty if CORS hides them, undefined for parts that are not stored. */
  readonly #etags: (string | undefined)[] = [];
  /** Stored parts that are proven to be this file's. Others are known from ListParts alone. */
  readonly #verified = new Set<number>();
  /** Bytes sent, by the number of each part in flight. */
  readonly #inFlight = new Map<number, number>();
  #done = 0;
  #doneBytes = 0;
  /** All parts below this number are stored or in flight. */
  #nextCandidate = 1;

  constructor(plan: PartPlan) {
    this.plan = plan;
  }

  /** Number of stored parts. */
  get done(): number {
    return this.#done;
  }

  get isComplete(): boolean {
    return this.#done === this.plan.count;
  }

  /** Bytes of stored parts, plus the bytes sent so far of parts in flight. */
  get loaded(): number {
    let inFlight = 0;
    for (const bytes of this.#inFlight.values()) inFlight += bytes;
    return this.#doneBytes + inFlight;
  }

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  /** Whether CompleteMultipartUpload can be sent: every part is stored and its ETag is known. */
  get hasEveryEtag(): boolean {
    return this.isComplete && !this.#etags.includes('', 1);
  }

  isStored(partNumber: number): boolean {
    return this.#etags[partNumber] !== undefined;
  }

  isInFlight(partNumber: number): boolean {
    return this.#inFlight.has(partNumber);
  }

  /** Whether a part is proven to be the file's and has not changed since. If CORS hid its ETag, any ETag counts as equal. */
  isVerified(partNumber: number, etag: string): boolean {
    const storedEtag = this.#etags[partNumber];
    return this.#verified.has(partNumber) && (storedEtag === etag || storedEtag === '');
  }

  sizeOf(partNumber: number): number {
    const { start, end } = this.plan.range(partNumber);
    return end - start;
  }

  /** Marks the next waiting part as in flight and returns its number; null if none is waiting. */
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

  /** Yields the numbers of parts that are not stored: first those in flight, then the others in order. */
  *unstored(): Generator<number> {
    yield* this.#inFlight.keys();
    for (let partNumber = this.#nextCandidate; partNumber <= this.plan.count; partNumber++) {
      if (!this.isStored(partNumber) && !this.#inFlight.has(partNumber)) yield partNumber;
    }
  }

  /** Records upload progress, capped at the part's size: the count exceeds the size if the browser resends by itself. */
  recordProgress(partNumber: number, bytes: number): void {
    if (this.#inFlight.has(partNumber)) this.#inFlight.set(partNumber, Math.min(bytes, this.sizeOf(partNumber)));
  }

  /** Records a part that was sent and that the store confirmed. */
  markStored(partNumber: number, etag: string): void {
    this.#verified.add(partNumber);
    this.#store(partNumber, etag);
  }

  /** Records that a part is not stored after all, because the store holds other bytes. */
  markLost(partNumber: number): void {
    if (!this.isStored(partNumber)) return;
    this.#etags[partNumber] = undefined;
    this.#verified.delete(partNumber);
    this.#done--;
    this.#doneBytes -= this.sizeOf(partNumber);
    this.#nextCandidate = Math.min(this.#nextCandidate, partNumber);
  }

  /** Marks a part in flight as waiting again. */
  release(partNumber: number): void {
    if (this.#inFlight.delete(partNumber)) this.#nextCandidate = Math.min(this.#nextCandidate, partNumber);
  }

  /**
   * Replaces the stored parts by those that ListParts returned. A part of a wrong size is not stored.
   * @param listed in any order; of two parts with the same number, the later one counts
   * @param areProven whether all of them are proven to be the file's
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

  /** Yields the ETags of all parts in order; empty strings if unknown. */
  *etags(): Generator<string> {
    for (let partNumber = 1; partNumber <= this.plan.count; partNumber++) yield this.#etags[partNumber] ?? '';
  }
}
