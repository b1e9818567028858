import type { AgreedChecksum } from '../../protocol.js';
import type { StoredPart } from '../model/stored-part.js';
import type { Integrity } from '../api/types.js';
import { isMd5Etag } from './md5-etag.js';

/** Number of parts whose ETag differs from their MD5 after which the store's ETags count as something other than MD5s. */
const MAX_MISMATCHED_ETAGS = 3;

/** The format of a store's ETags, learned from all uploads to it. */
export interface EtagFormat {
  /** Whether an ETag has ever been the MD5 of what was sent. */
  areMd5s: boolean;
}

/** Reads the file's parts, and receives the results. */
export interface PartReader {
  /** Returns a part's checksum, by the agreed algorithm. */
  checksum(partNumber: number): Promise<string>;
  /** Returns a part's MD5 in hexadecimal. */
  md5(partNumber: number): Promise<string>;
  etagFormat(): EtagFormat;
  /** Called if a stored part differs from the file. */
  onMismatch(partNumber: number): void;
}

/** The result of comparing a part. */
interface PartResult {
  readonly etag: string;
  /** How the part was verified; null if it could not be verified. */
  readonly by: 'checksum' | 'etag' | null;
}

/**
 * Compares stored parts with the file: by the checksum that the store lists, else by the ETag if that is an MD5. It
 * reads one part at a time, so that reading delays the sending of other parts as little as possible.
 */
export class PartVerifier {
  readonly #agreed: AgreedChecksum | null;
  readonly #reader: PartReader;
  readonly #results = new Map<number, PartResult>();
  readonly #queue = new Map<number, StoredPart>();
  /** Parts whose ETag differs from their MD5, while it is not known whether the store's ETags are MD5s. */
  readonly #mismatchedEtags = new Map<number, string>();
  #running: Promise<void> | null = null;

  constructor(agreed: AgreedChecksum | null, reader: PartReader) {
    this.#agreed = agreed;
    this.#reader = reader;
  }

  /** Records a part that the store has verified by its signed checksum. */
  confirm(partNumber: number, etag: string): void {
    this.#queue.delete(partNumber);
    this.#mismatchedEtags.delete(partNumber);
    this.#results.set(partNumber, { etag, by: 'checksum' });
  }

  /** Queues a part for comparison, unless it has been compared. */
  add(part: StoredPart): void {
    const { partNumber, etag } = part;
    const existing = this.#results.get(partNumber);
    // CORS may have hidden the ETag of the sent part
    if (existing && (existing.etag === etag || (existing.by && !existing.etag))) return;
    this.#results.delete(partNumber);
    this.#mismatchedEtags.delete(partNumber);
    this.#queue.set(partNumber, part);
    void this.#start();
  }

  /** Discards every result: the parts are compared again when they are listed. */
  reset(): void {
    this.#results.clear();
    this.#mismatchedEtags.clear();
    this.#queue.clear();
  }

  /**
   * Waits until all queued parts are compared.
   * @throws DOMException if the file cannot be read; the next call tries again
   */
  async whenVerified(): Promise<void> {
    while (this.#queue.size || this.#running) await this.#start();
    for (const [partNumber, etag] of this.#mismatchedEtags) this.#results.set(partNumber, { etag, by: null });
    this.#mismatchedEtags.clear();
  }

  /** Returns whether a stored part is equal to the file's part; null if that cannot be determined. */
  async comparePart({ partNumber, etag, checksums = {} }: StoredPart): Promise<boolean | null> {
    const agreed = this.#agreed;
    const etagFormat = this.#reader.etagFormat();
    const listedChecksum = agreed ? checksums[agreed.algorithm] : undefined;
    if (listedChecksum === undefined && !isMd5Etag(etag)) return null;
    const isSame =
      listedChecksum === undefined
        ? (await this.#reader.md5(partNumber)) === etag.toLowerCase()
        : (await this.#reader.checksum(partNumber)) === listedChecksum;
    if (isSame) this.#results.set(partNumber, { etag, by: listedChecksum === undefined ? 'etag' : 'checksum' });
    if (listedChecksum !== undefined) return isSame;
    etagFormat.areMd5s ||= isSame;
    return isSame || (etagFormat.areMd5s ? false : null);
  }

  /** Returns the weakest evidence of all parts. */
  evidence(count: number): Integrity {
    let weakest: Integrity = 'checksum';
    for (let partNumber = 1; partNumber <= count; partNumber++) {
      const by = this.#results.get(partNumber)?.by;
      if (!by) return 'unverified';
      if (by === 'etag') weakest = by;
    }
    return weakest;
  }

  #start(): Promise<void> {
    this.#running ??= this.#compareAllQueued().finally(() => {
      this.#running = null;
    });
    // `whenVerified()` reports a failure
    this.#running.catch(() => {});
    return this.#running;
  }

  async #compareAllQueued(): Promise<void> {
    for (let part = this.#next; part; part = this.#next) {
      await this.#compareQueued(part);
      // the part may have been sent again meanwhile
      if (this.#queue.get(part.partNumber) === part) this.#queue.delete(part.partNumber);
    }
  }

  get #next(): StoredPart | undefined {
    return this.#queue.values().next().value;
  }

  async #compareQueued(part: StoredPart): Promise<void> {
    const { partNumber, etag, checksums = {} } = part;
    const agreed = this.#agreed;
    const etagFormat = this.#reader.etagFormat();
    const isListed = agreed !== null && checksums[agreed.algorithm] !== undefined;
    const areNoMd5s = !etagFormat.areMd5s && this.#mismatchedEtags.size >= MAX_MISMATCHED_ETAGS;
    const isSame = !isListed && areNoMd5s ? null : await this.comparePart(part);
    if (this.#queue.get(partNumber) !== part) return;
    if (isSame === false) this.#reader.onMismatch(partNumber);
    else if (isSame) this.#mismatchedEtags.delete(partNumber);
    else if (isMd5Etag(etag)) this.#mismatchedEtags.set(partNumber, etag);
    else this.#results.set(partNumber, { etag, by: null });
    if (!etagFormat.areMd5s) return;
    // if one ETag is an MD5, all are
    for (const mismatched of this.#mismatchedEtags.keys()) this.#reader.onMismatch(mismatched);
    this.#mismatchedEtags.clear();
  }
}
