import type { AgreedChecksum } from '../../protocol.js';
import type { StoredPart } from '../model/stored-part.js';
import type { Integrity } from '../api/types.js';

/** Parts without one equal ETag after which ETags are taken for something else than MD5s. */
const MAX_MISMATCHED_ETAGS = 3;

/** What is known of a store's ETags beyond one upload. */
export interface EtagFormat {
  /** Whether one was ever the MD5 of what was sent. */
  areMd5s: boolean;
}

/** Reads the file's parts, and receives what was found. */
export interface PartReader {
  /** Returns a part's checksum, by the agreed algorithm. */
  checksum(partNumber: number): Promise<string>;
  /** Returns a part's MD5 in hexadecimal. */
  md5(partNumber: number): Promise<string>;
  etagFormat(): EtagFormat;
  /** Called where the store holds other bytes than the file. */
  onMismatch(partNumber: number): void;
}

/** How a part was found to be the file's; null: nobody could tell. */
interface Verdict {
  readonly etag: string;
  readonly by: 'checksum' | 'etag' | null;
}

const isMd5 = (etag: string): boolean => /^[\da-f]{32}$/i.test(etag);

/**
 * Holds the parts that the store has against the file: by the checksum that it lists, else by its ETag where that is an
 * MD5. One part at a time, so that those to be sent are not kept waiting.
 */
export class PartVerifier {
  readonly #agreed: AgreedChecksum | null;
  readonly #reader: PartReader;
  readonly #verdicts = new Map<number, Verdict>();
  readonly #queue = new Map<number, StoredPart>();
  /** Parts whose ETag is another MD5, while it is not known whether these ETags are MD5s of what was sent. */
  readonly #mismatchedEtags = new Map<number, string>();
  #run: Promise<void> | null = null;

  constructor(agreed: AgreedChecksum | null, reader: PartReader) {
    this.#agreed = agreed;
    this.#reader = reader;
  }

  /** Takes in a part that the store has taken with its signed checksum. */
  confirm(partNumber: number, etag: string): void {
    this.#queue.delete(partNumber);
    this.#mismatchedEtags.delete(partNumber);
    this.#verdicts.set(partNumber, { etag, by: 'checksum' });
  }

  /** Has a part compared, unless that was done. */
  add(part: StoredPart): void {
    const { partNumber, etag } = part;
    const known = this.#verdicts.get(partNumber);
    // CORS may have hidden the ETag of what was sent
    if (known && (known.etag === etag || (known.by && !known.etag))) return;
    this.#verdicts.delete(partNumber);
    this.#mismatchedEtags.delete(partNumber);
    this.#queue.set(partNumber, part);
    void this.#start();
  }

  /** Believes nothing any more: what is listed next is compared again. */
  reset(): void {
    this.#verdicts.clear();
    this.#mismatchedEtags.clear();
    this.#queue.clear();
  }

  /**
   * Waits until all is compared.
   * @throws DOMException where the file cannot be read; the next call tries again
   */
  async settled(): Promise<void> {
    while (this.#queue.size || this.#run) await this.#start();
    for (const [partNumber, etag] of this.#mismatchedEtags) this.#verdicts.set(partNumber, { etag, by: null });
    this.#mismatchedEtags.clear();
  }

  /** Tells whether a part is the file's; null where nobody can tell. */
  async isOwn({ partNumber, etag, checksums = {} }: StoredPart): Promise<boolean | null> {
    const agreed = this.#agreed;
    const etags = this.#reader.etagFormat();
    const listed = agreed ? checksums[agreed.algorithm] : undefined;
    if (listed === undefined && !isMd5(etag)) return null;
    const isSame =
      listed === undefined
        ? (await this.#reader.md5(partNumber)) === etag.toLowerCase()
        : (await this.#reader.checksum(partNumber)) === listed;
    if (isSame) this.#verdicts.set(partNumber, { etag, by: listed === undefined ? 'etag' : 'checksum' });
    if (listed !== undefined) return isSame;
    etags.areMd5s ||= isSame;
    return isSame || (etags.areMd5s ? false : null);
  }

  /** Weakest evidence among so many parts. */
  evidence(count: number): Integrity {
    let weakest: Integrity = 'checksum';
    for (let partNumber = 1; partNumber <= count; partNumber++) {
      const by = this.#verdicts.get(partNumber)?.by;
      if (!by) return 'unverified';
      if (by === 'etag') weakest = by;
    }
    return weakest;
  }

  #start(): Promise<void> {
    this.#run ??= this.#compareAll().finally(() => {
      this.#run = null;
    });
    // told to whoever waits for the end
    this.#run.catch(() => {});
    return this.#run;
  }

  async #compareAll(): Promise<void> {
    for (let part = this.#next; part; part = this.#next) {
      await this.#compare(part);
      // it may have been sent again meanwhile
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
    else this.#verdicts.set(partNumber, { etag, by: null });
    if (!etags.areMd5s) return;
    // one ETag was an MD5: so are all of them
    for (const strange of this.#mismatchedEtags.keys()) this.#reader.onMismatch(strange);
    this.#mismatchedEtags.clear();
  }
}
