/** All of the checksum code that an upload needs; loaded where it has checksums, or ETags to compare. */
import type { AgreedChecksum, ChecksumAlgorithm } from '../../protocol.js';
import { Checksums } from '../hashing/checksums.js';
import type { ChecksumBackend, DigestName } from '../hashing/checksums.js';
import { fromBase64, hex } from '../util/bytes.js';
import { PartChecksums } from './part-checksums.js';
import type { PartTable } from '../model/part-table.js';
import type { StoredPart } from '../model/stored-part.js';
import { PartVerifier } from './part-verifier.js';
import type { EtagFormat } from './part-verifier.js';
import type { Integrity } from '../api/types.js';
import type { Clock } from '../ports.js';

/** What is lent to the checks of one upload's file. */
export interface FileChecksHost {
  readonly table: PartTable;
  /** What signer and store have agreed on; null: ETags have to do. */
  readonly agreed: AgreedChecksum | null;
  /** Whether it is made of parts. */
  readonly isMultipart: boolean;
  readonly file: Blob;
  readonly lanes: number;
  readonly etags: EtagFormat;
  /** Takes in that the store holds other bytes of a part than the file. */
  differs(partNumber: number): void;
}

/** The checksums of one upload's file: computed for what is sent, compared with what is stored. */
export class UploadChecksums {
  /** Null where no checksum was agreed on. */
  readonly values: PartChecksums | null;
  readonly #host: FileChecksHost;
  readonly #checksums: Checksums;
  readonly #stored: PartVerifier;
  #signal: AbortSignal;
  #file: Blob;

  constructor(host: FileChecksHost, checksums: Checksums, clock: Clock, signal: AbortSignal) {
    const { agreed, table } = host;
    this.#host = host;
    this.#checksums = checksums;
    this.#signal = signal;
    this.#file = host.file;
    const read = (partNumber: number): Blob => {
      const { start, end } = table.plan.range(partNumber);
      return host.file.slice(start, end);
    };
    this.values = agreed && new PartChecksums({ algorithm: agreed.algorithm, host, read }, checksums, clock, signal);
    this.#stored = new PartVerifier({
      agreed,
      etags: host.etags,
      value: (partNumber) => this.values!.value(partNumber),
      md5: async (partNumber) => hex(fromBase64(await checksums.digest('md5', read(partNumber), this.#signal))),
      differs: (partNumber) => host.differs(partNumber),
    });
  }

  /** Computes until that signal from now on; of another file, all is computed and compared anew. */
  begin(signal: AbortSignal): void {
    this.#signal = signal;
    this.values?.begin(signal);
    if (this.#file === this.#host.file) return;
    this.#file = this.#host.file;
    this.values?.clear();
    this.#stored.reset();
  }

  /** Takes in a part that was sent. @param isSigned whether its checksum was, so that the store has verified it */
  sent(partNumber: number, etag: string, isSigned: boolean): void {
    if (isSigned) this.#stored.confirm(partNumber, etag);
    else this.#stored.add({ partNumber, etag, size: this.#host.table.sizeOf(partNumber) });
  }

  /** Has parts that the store lists compared with the file, in the background. */
  listed(parts: Iterable<StoredPart>): void {
    for (const part of parts) if (this.#host.table.isStored(part.partNumber)) this.#stored.add(part);
  }

  /** Believes none of the parts any more. */
  invalidate(): void {
    this.#stored.reset();
  }

  isOwn(part: StoredPart): Promise<boolean | null> {
    return this.#stored.isOwn(part);
  }

  /** Waits until every part is compared that has to be. @throws DOMException where the file cannot be read */
  settled(): Promise<void> {
    return this.#stored.settled();
  }

  /** How one came to know that the parts are the file's. */
  get evidence(): Integrity {
    return this.#stored.evidence(this.#host.table.plan.count);
  }

  /**
   * Gives the checksum of the object that all parts make, as the store tells it, and those of the parts.
   * @throws DOMException where the file cannot be read
   */
  async whole(signal: AbortSignal): Promise<{ algorithm: ChecksumAlgorithm; value: string; parts: string[] } | null> {
    const { agreed, isMultipart } = this.#host;
    if (!agreed || !this.values) return null;
    const { algorithm } = agreed;
    const sized = await this.values.all(signal);
    const parts = sized.map(({ value }) => value);
    const value = isMultipart ? await this.#checksums.combine(algorithm, sized, signal) : parts[0]!;
    return { algorithm, value, parts };
  }
}

/** What computes checksums for all uploads of a page. */
export interface ChecksumKit {
  digest(name: DigestName, blob: Blob, signal: AbortSignal): Promise<string>;
  checksOf(host: FileChecksHost, signal: AbortSignal): UploadChecksums;
  /** Ends what nobody needs for now. */
  release(): void;
}

let hasSaid = false;

/** Says once which way checksums go, where that is not the best one. */
function sayWay({ thread, code }: ChecksumBackend): void {
  const lacks = [
    ...(thread === 'worker' ? [] : ['worker-src blob:']),
    ...(code === 'wasm' ? [] : ["script-src 'wasm-unsafe-eval'"]),
  ];
  if (hasSaid || !lacks.length) return;
  hasSaid = true;
  const where = thread === 'worker' ? 'in a worker' : 'on the main thread, in short slices';
  const how = code === 'wasm' ? 'by WebAssembly' : 'by script';
  console.warn(`mule-upload: checksums are computed ${where}, ${how}; it is faster with ${lacks.join(' and ')}.`);
}

/** @param clock the machine's own: it is the machine that computes */
export function openKit(clock: Clock): ChecksumKit {
  const checksums = new Checksums(clock, { onBackend: sayWay });
  return {
    digest: (name, blob, signal) => checksums.digest(name, blob, signal),
    checksOf: (host, signal) => new UploadChecksums(host, checksums, clock, signal),
    release: () => checksums.release(),
  };
}
