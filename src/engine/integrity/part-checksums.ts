import { unlessAborted } from '../util/abort.js';
import type { ChecksumAlgorithm } from '../../protocol.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Scheduler } from '../network/scheduler.js';
import type { PartTable } from '../model/part-table.js';
import type { Hasher } from '../ports.js';

/** Parts whose checksums are computed ahead, for each slot. */
const PARTS_AHEAD = 2;
/** Number of parts that one call to the signer should have, and the time that it waits for them. */
const BATCH_SIZE = 8;
const BATCH_WAIT_MS = 250;

/** The file whose parts are read, and how many are in flight. */
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

  /** Starts another run. @param signal ends the computing */
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

  /** @throws DOMException if the part cannot be read */
  value(partNumber: number): Promise<string> {
    const known = this.#values.get(partNumber);
    if (known !== undefined) return Promise.resolve(known);
    const pending = this.#pending.get(partNumber);
    if (pending) return pending;
    const work: Promise<string> = this.#hasher
      .digest(this.#algorithm, partOf(this.#source, partNumber), this.#signal)
      .then((value) => {
        if (this.#pending.get(partNumber) === work) this.#values.set(partNumber, value);
        return value;
      })
      .finally(() => {
        if (this.#pending.get(partNumber) === work) this.#pending.delete(partNumber);
      });
    this.#pending.set(partNumber, work);
    return work;
  }

  /** Computes the checksums of the parts in flight, and of some after them. */
  ahead(): void {
    // a failure is reported where the checksum is needed
    for (const partNumber of this.#near()) void this.value(partNumber).catch(() => {});
  }

  /**
   * Waits until a part's checksum is computed, and briefly for those of other parts that the same call to the signer can
   * include: a call costs more than a checksum.
   * @param isSigned leaves out those that need none
   * @throws DOMException if the part cannot be read
   */
  async gather(partNumber: number, isSigned: (partNumber: number) => boolean, signal: AbortSignal): Promise<void> {
    this.ahead();
    await unlessAborted(signal, this.value(partNumber));
    // the first call is small, because no slot is busy yet
    const enough = this.#hasGathered ? BATCH_SIZE : Math.min(this.#source.scheduler.slots, BATCH_SIZE);
    let cancel = (): void => {};
    let isLate = false;
    const late = new Promise<void>((resolve) => {
      cancel = this.#hasher.clock.setTimer(() => {
        isLate = true;
        resolve();
      }, BATCH_WAIT_MS);
    });
    while (!isLate && !isSigned(partNumber)) {
      this.ahead();
      const unsigned = [...this.#near()].filter((near) => !isSigned(near));
      const computing = unsigned.flatMap((near) => this.#pending.get(near)?.catch(() => {}) ?? []);
      if (!computing.length || unsigned.length - computing.length >= enough) break;
      await unlessAborted(signal, Promise.race([late, ...computing]));
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

  /** Numbers of the parts in flight, and of some after them. */
  *#near(): Generator<number> {
    const { table, scheduler } = this.#source;
    let room = table.inFlightCount + PARTS_AHEAD * scheduler.slots;
    for (const partNumber of table.missing()) {
      if (room-- <= 0) return;
      yield partNumber;
    }
  }
}
