import type { AgreedChecksum } from '../../protocol.js';
import type { StoredPart } from '../model/stored-part.js';
import type { Integrity } from '../api/types.js';

/** Number of parts without an equal ETag after which the store's ETags do not count as MD5s. */
const MAX_MISMATCHED_ETAGS = 3;

/** The format of a store's ETags, as all uploads to it have shown. */
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

/** How a part was verified; null: it could not be. */
interface PartResult {
  readonly etag: string;
  readonly by: 'checksum' | 'etag' | null;
}

const isMd5 = (etag: string): boolean => /^[\da-f]{32}$/i.test(etag);

/**
 * Compares stored parts with the file: by the checksum that the store lists, else by the ETag if that is an MD5. It
 * reads one part at a time, so that parts that have to be sent do not wait.
 */
export class PartVerifier {
  readonly #agreed: AgreedChecksum | null;
  readonly #reader: PartReader;
  readonly #results = new Map<number, PartResult>();
  readonly #queue = new Map<number, StoredPart>();
  /** Parts whose ETag differs from their MD5, while it is not known whether the store's ETags are MD5s. */
  readonly #mismatchedEtags = new Map<number, string>();
  #run: Promise<void> | null = null;

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

  /** Queues a part for comparison, unless it was compared. */
  add(part: StoredPart): void {
    const { partNumber, etag } = part;
    const known = this.#results.get(partNumber);
    // CORS may have hidden the ETag of the sent part
    if (known && (known.etag === etag || (known.by && !known.etag))) return;
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
   * Waits until all is compared.
   * @throws DOMException if the file cannot be read; the next call tries again
   */
  async settled(): Promise<void> {
    while (this.#queue.size || this.#run) await this.#start();
    for (const [partNumber, etag] of this.#mismatchedEtags) this.#results.set(partNumber, { etag, by: null });
    this.#mismatchedEtags.clear();
  }

  /** Returns whether a part is the file's; null if that is unknown. */
  async isOwn({ partNumber, etag, checksums = {} }: StoredPart): Promise<boolean | null> {
    const agreed = this.#agreed;
    const etags = this.#reader.etagFormat();
    const listed = agreed ? checksums[agreed.algorithm] : undefined;
    if (listed === undefined && !isMd5(etag)) return null;
    const isSame =
      listed === undefined
        ? (await this.#reader.md5(partNumber)) === etag.toLowerCase()
        : (await this.#reader.checksum(partNumber)) === listed;
    if (isSame) this.#results.set(partNumber, { etag, by: listed === undefined ? 'etag' : 'checksum' });
    if (listed !== undefined) return isSame;
    etags.areMd5s ||= isSame;
    return isSame || (etags.areMd5s ? false : null);
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
    this.#run ??= this.#compareAll().finally(() => {
      this.#run = null;
    });
    // reported by `settled()`
    this.#run.catch(() => {});
    return this.#run;
  }

  async #compareAll(): Promise<void> {
    for (let part = this.#next; part; part = this.#next) {
      await this.#compare(part);
      // the part may have been sent again meanwhile
      if (this.#queue.get(part.partNumber) === part) this.#queue.delete(part.partNumber);
    }
  }

  get #next(): StoredPart | undefined {
    return this.#queue.values().next().value;
  }

  async #compare(part: StoredPart): Promise<void> {
    const { partNumber, etag, checksums = {} } = part;
    const agreed = this.#agreed;
    const etags = this.#reader.etagFormat();
    const isListed = agreed !== null && checksums[agreed.algorithm] !== undefined;
    const hasNoMd5 = !etags.areMd5s && this.#mismatchedEtags.size >= MAX_MISMATCHED_ETAGS;
    const isOwn = !isListed && hasNoMd5 ? null : await this.isOwn(part);
    if (this.#queue.get(partNumber) !== part) return;
    if (isOwn === false) this.#reader.onMismatch(partNumber);
    else if (isOwn) this.#mismatchedEtags.delete(partNumber);
    else if (isMd5(etag)) this.#mismatchedEtags.set(partNumber, etag);
    else this.#results.set(partNumber, { etag, by: null });
    if (!etags.areMd5s) return;
    // if one ETag is an MD5, all are
    for (const strange of this.#mismatchedEtags.keys()) this.#reader.onMismatch(strange);
    this.#mismatchedEtags.clear();
  }
}
