/** All of the checksum code that an upload needs; loaded when checksums are computed or ETags compared. */
import type { AgreedChecksum, ChecksumAlgorithm } from '../../protocol.js';
import { Checksums } from '../hashing/checksums.js';
import type { ChecksumBackend } from '../hashing/checksums.js';
import { fromBase64 } from '../util/bytes.js';
import { PartChecksums, partOf } from './part-checksums.js';
import type { PartTable } from '../model/part-table.js';
import type { StoredPart } from '../model/stored-part.js';
import { PartVerifier } from './part-verifier.js';
import type { EtagFormat } from './part-verifier.js';
import type { Integrity } from '../api/types.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Scheduler } from '../network/scheduler.js';
import type { Clock, Hasher } from '../ports.js';

/** The upload that checksums are computed for. */
export interface ChecksumTarget {
  readonly table: PartTable;
  /** The checksum that signer and store have agreed on; null: ETags are compared instead. */
  readonly agreed: AgreedChecksum | null;
  readonly isMultipart: boolean;
  /** Holds the file; it may be replaced by the same file, read from its handle. */
  readonly record: Pick<UploadRecord, 'file'>;
  readonly scheduler: Pick<Scheduler, 'slots'>;
  /** Returns the format of the ETags of the upload's store. */
  etagFormat(): EtagFormat;
  /** Called if the store holds other bytes of a part than the file. */
  onMismatch(partNumber: number): void;
}

/** The checksums of one upload's file: sent with its parts, and compared with the stored parts. */
export class UploadChecksums {
  /** Null if no checksum was agreed on. */
  readonly values: PartChecksums | null;
  readonly #target: ChecksumTarget;
  readonly #hasher: Hasher;
  readonly #verifier: PartVerifier;
  #signal: AbortSignal;
  #file: Blob;

  constructor(target: ChecksumTarget, hasher: Hasher, signal: AbortSignal) {
    const { agreed, record } = target;
    this.#target = target;
    this.#hasher = hasher;
    this.#signal = signal;
    this.#file = record.file!;
    this.values = agreed && new PartChecksums(agreed.algorithm, target, hasher, signal);
    this.#verifier = new PartVerifier(agreed, {
      checksum: (partNumber) => this.values!.value(partNumber),
      md5: async (partNumber) => hex(fromBase64(await hasher.digest('md5', partOf(target, partNumber), this.#signal))),
      etagFormat: () => target.etagFormat(),
      onMismatch: (partNumber) => target.onMismatch(partNumber),
    });
  }

  /** Starts another run; for another file, all is computed and compared again. @param signal ends the computing */
  begin(signal: AbortSignal): void {
    this.#signal = signal;
    this.values?.begin(signal);
    if (this.#file === this.#target.record.file) return;
    this.#file = this.#target.record.file!;
    this.values?.clear();
    this.#verifier.reset();
  }

  /** Records a sent part. @param isSigned whether its checksum was signed, so that the store has verified it */
  sent(partNumber: number, etag: string, isSigned: boolean): void {
    if (isSigned) this.#verifier.confirm(partNumber, etag);
    else this.#verifier.add({ partNumber, etag, size: this.#target.table.sizeOf(partNumber) });
  }

  /** Compares listed parts with the file, in the background. */
  listed(parts: Iterable<StoredPart>): void {
    for (const part of parts) if (this.#target.table.isStored(part.partNumber)) this.#verifier.add(part);
  }

  /** Discards the results of all parts. */
  invalidate(): void {
    this.#verifier.reset();
  }

  isOwn(part: StoredPart): Promise<boolean | null> {
    return this.#verifier.isOwn(part);
  }

  /** Waits until every part is compared that has to be. @throws DOMException if the file cannot be read */
  settled(): Promise<void> {
    return this.#verifier.settled();
  }

  /** How it is known that the parts are the file's. */
  get evidence(): Integrity {
    return this.#verifier.evidence(this.#target.table.plan.count);
  }

  /**
   * Returns the checksum of the object that the parts make up, as the store reports it, and those of the parts.
   * @throws DOMException if the file cannot be read
   */
  async whole(signal: AbortSignal): Promise<{ algorithm: ChecksumAlgorithm; value: string; parts: string[] } | null> {
    const { agreed, isMultipart } = this.#target;
    if (!agreed || !this.values) return null;
    const { algorithm } = agreed;
    const sized = await this.values.all(signal);
    const parts = sized.map(({ value }) => value);
    const value = isMultipart ? await this.#hasher.combine(algorithm, sized, signal) : parts[0]!;
    return { algorithm, value, parts };
  }
}

let hasWarned = false;

/** Warns once if the page's policy prevents the fastest way to compute checksums. */
function warnOfBackend({ thread, code }: ChecksumBackend): void {
  const lacks = [
    ...(thread === 'worker' ? [] : ['worker-src blob:']),
    ...(code === 'wasm' ? [] : ["script-src 'wasm-unsafe-eval'"]),
  ];
  if (hasWarned || !lacks.length) return;
  hasWarned = true;
  const where = thread === 'worker' ? 'in a worker' : 'on the main thread, in short slices';
  const how = code === 'wasm' ? 'by WebAssembly' : 'by script';
  console.warn(`mule-upload: checksums are computed ${where}, ${how}; it is faster with ${lacks.join(' and ')}.`);
}

/** Creates the hasher of a page. @param clock the machine's own, since it times the machine's work */
export const createHasher = (clock: Clock): Hasher => new Checksums(clock, { onBackend: warnOfBackend });

// a copy: a module that the main file shares would become a third file that every page load fetches
const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
