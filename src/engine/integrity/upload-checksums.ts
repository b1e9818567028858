/** Entry of the checksum code; loaded when an upload has checksums to compute or ETags to compare. */
import type { AgreedChecksum, ChecksumAlgorithm } from '../../protocol.js';
import { Checksums } from '../hashing/checksums.js';
import type { ChecksumBackend } from '../hashing/checksums.js';
import { fromBase64, hex } from '../util/bytes.js';
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
  /** Called if a stored part differs from the file. */
  onMismatch(partNumber: number): void;
}

/** The checksums of one upload's file: sent with its parts, and compared with the stored parts. */
export class UploadChecksums {
  /** The parts' checksums; null if none was agreed on. */
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

  /**
   * Prepares for another run of the upload. If its file was replaced, everything is computed and compared again.
   * @param signal stops computing when it aborts
   */
  begin(signal: AbortSignal): void {
    this.#signal = signal;
    this.values?.begin(signal);
    if (this.#file === this.#target.record.file) return;
    this.#file = this.#target.record.file!;
    this.values?.clear();
    this.#verifier.reset();
  }

  /** Records a sent part. @param isSigned whether its checksum was signed, so that the store has verified it */
  recordSent(partNumber: number, etag: string, isSigned: boolean): void {
    if (isSigned) this.#verifier.confirm(partNumber, etag);
    else this.#verifier.add({ partNumber, etag, size: this.#target.table.sizeOf(partNumber) });
  }

  /** Compares listed parts with the file, in the background. */
  verifyListed(parts: Iterable<StoredPart>): void {
    for (const part of parts) if (this.#target.table.isStored(part.partNumber)) this.#verifier.add(part);
  }

  /** Discards the results of all parts. */
  invalidate(): void {
    this.#verifier.reset();
  }

  comparePart(part: StoredPart): Promise<boolean | null> {
    return this.#verifier.comparePart(part);
  }

  /** Waits until all queued parts are compared. @throws DOMException if the file cannot be read */
  whenVerified(): Promise<void> {
    return this.#verifier.whenVerified();
  }

  /** The weakest evidence that the stored parts are the file's. */
  get evidence(): Integrity {
    return this.#verifier.evidence(this.#target.table.plan.count);
  }

  /**
   * Returns the checksum of the whole object, as the store reports it, and the checksums of its parts; null if none was
   * agreed on.
   * @throws DOMException if the file cannot be read
   */
  async computeObjectChecksum(
    signal: AbortSignal,
  ): Promise<{ algorithm: ChecksumAlgorithm; value: string; parts: string[] } | null> {
    const { agreed, isMultipart } = this.#target;
    if (!agreed || !this.values) return null;
    const { algorithm } = agreed;
    const sizedChecksums = await this.values.all(signal);
    const parts = sizedChecksums.map(({ value }) => value);
    const value = isMultipart ? await this.#hasher.combine(algorithm, sizedChecksums, signal) : parts[0]!;
    return { algorithm, value, parts };
  }
}

let hasWarned = false;

/** Warns once if the page's policy prevents the fastest way to compute checksums. */
function warnOfBackend({ thread, code }: ChecksumBackend): void {
  const missingPolicies = [
    ...(thread === 'worker' ? [] : ['worker-src blob:']),
    ...(code === 'wasm' ? [] : ["script-src 'wasm-unsafe-eval'"]),
  ];
  if (hasWarned || !missingPolicies.length) return;
  hasWarned = true;
  const where = thread === 'worker' ? 'in a worker' : 'on the main thread, in short slices';
  const how = code === 'wasm' ? 'by WebAssembly' : 'by script';
  console.warn(
    `mule-upload: checksums are computed ${where}, ${how}; it is faster with ${missingPolicies.join(' and ')}.`,
  );
}

/** Creates the hasher of a page. @param clock the device's own clock, because it measures how long the device computes */
export const createHasher = (clock: Clock): Hasher => new Checksums(clock, { onBackend: warnOfBackend });
