import { unlessAborted } from '../util/abort.js';
import type { ChecksumAlgorithm } from '../../protocol.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Scheduler } from '../network/scheduler.js';
import type { PartTable } from '../model/part-table.js';
import type { Hasher } from '../ports.js';

/** Number of parts per slot whose checksums are computed ahead. */
const PARTS_AHEAD = 2;
/** Number of parts that one call to the signer should include, and the maximum time that the call waits for them. */
const BATCH_SIZE = 8;
const BATCH_WAIT_MS = 250;

/** The upload whose parts are read. */
export interface PartSource {
  readonly table: PartTable;
  readonly record: Pick<UploadRecord, 'file'>;
  readonly scheduler: Pick<Scheduler, 'slots'>;
}

/** Returns the bytes of one part. */
export function partOf({ table, record }: PartSource, partNumber: number): Blob {
  const { start, end } = table.plan.range(partNumber);
  return record.file!.slice(start, end);
}

/** The checksums of one upload's parts: computed ahead of those in flight, each once, and kept for retries. */
export class PartChecksums {
  readonly #algorithm: ChecksumAlgorithm;
  readonly #source: PartSource;
  readonly #hasher: Hasher;
  readonly #values = new Map<number, string>();
  readonly #pending = new Map<number, Promise<string>>();
  #signal: AbortSignal;
  #hasGathered = false;

  constructor(algorithm: ChecksumAlgorithm, source: PartSource, hasher: Hasher, signal: AbortSignal) {
    this.#algorithm = algorithm;
    this.#source = source;
    this.#hasher = hasher;
    this.#signal = signal;
  }

  /** Prepares for another run of the upload. @param signal stops computing when it aborts */
  begin(signal: AbortSignal): void {
    this.#signal = signal;
    this.#pending.clear();
  }

  /** Returns the checksum of a part, if it is computed. */
  get(partNumber: number): string | undefined {
    return this.#values.get(partNumber);
  }

  /** Discards the checksum of a part: the part is read again. */
  forget(partNumber: number): void {
    this.#values.delete(partNumber);
    this.#pending.delete(partNumber);
  }

  /** Discards all checksums, for another file. */
  clear(): void {
    this.#values.clear();
    this.#pending.clear();
  }

  /** Returns the checksum of a part, and computes it if needed. @throws DOMException if the part cannot be read */
  value(partNumber: number): Promise<string> {
    const computed = this.#values.get(partNumber);
    if (computed !== undefined) return Promise.resolve(computed);
    const pending = this.#pending.get(partNumber);
    if (pending) return pending;
    const computation: Promise<string> = this.#hasher
      .digest(this.#algorithm, partOf(this.#source, partNumber), this.#signal)
      .then((value) => {
        if (this.#pending.get(partNumber) === computation) this.#values.set(partNumber, value);
        return value;
      })
      .finally(() => {
        if (this.#pending.get(partNumber) === computation) this.#pending.delete(partNumber);
      });
    this.#pending.set(partNumber, computation);
    return computation;
  }

  /** Computes the checksums of the parts in flight, and of some after them. */
  ahead(): void {
    // a failure is reported where the checksum is needed
    for (const partNumber of this.#upcomingParts()) void this.value(partNumber).catch(() => {});
  }

  /**
   * Waits until a part's checksum is computed. Then waits briefly for the checksums of other parts that the same call to
   * the signer can include, because a call takes longer than a checksum.
   * @param isSigned whether a part has a signature and needs no other
   * @throws DOMException if the part cannot be read
   */
  async gather(partNumber: number, isSigned: (partNumber: number) => boolean, signal: AbortSignal): Promise<void> {
    this.ahead();
    await unlessAborted(signal, this.value(partNumber));
    // the first call is small, because free slots wait for it
    const batchSize = this.#hasGathered ? BATCH_SIZE : Math.min(this.#source.scheduler.slots, BATCH_SIZE);
    let cancel = (): void => {};
    let hasTimedOut = false;
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#hasher.clock.setTimer(() => {
        hasTimedOut = true;
        resolve();
      }, BATCH_WAIT_MS);
    });
    while (!hasTimedOut && !isSigned(partNumber)) {
      this.ahead();
      const unsigned = [...this.#upcomingParts()].filter((upcoming) => !isSigned(upcoming));
      const computing = unsigned.flatMap((upcoming) => this.#pending.get(upcoming)?.catch(() => {}) ?? []);
      if (!computing.length || unsigned.length - computing.length >= batchSize) break;
      await unlessAborted(signal, Promise.race([timeout, ...computing]));
    }
    cancel();
    this.#hasGathered = true;
  }

  /** Returns the checksums of all parts in order. */
  async all(signal: AbortSignal): Promise<{ value: string; size: number }[]> {
    const { table } = this.#source;
    const parts = [];
    for (let partNumber = 1; partNumber <= table.plan.count; partNumber++) {
      parts.push({ value: await this.value(partNumber), size: table.sizeOf(partNumber) });
      signal.throwIfAborted();
    }
    return parts;
  }

  /** Yields the numbers of the parts in flight, and of some parts after them. */
  *#upcomingParts(): Generator<number> {
    const { table, scheduler } = this.#source;
    let remaining = table.inFlightCount + PARTS_AHEAD * scheduler.slots;
    for (const partNumber of table.unstored()) {
      if (remaining-- <= 0) return;
      yield partNumber;
    }
  }
}
