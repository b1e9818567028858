import { unlessAborted } from '../util/abort.js';
import type { ChecksumAlgorithm } from '../../protocol.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Scheduler } from '../network/scheduler.js';
import type { PartTable } from '../model/part-table.js';
import type { Hasher } from '../ports.js';

/** Parts beyond those in flight whose checksums are computed, for each lane. */
const AHEAD = 2;
/** Parts for which one call to the signer is worth it, and milliseconds that are waited for so many. */
const BATCH = 8;
const LINGER = 250;

/** The file whose parts are read, and how many are in flight. */
export interface PartSource {
  readonly table: PartTable;
  readonly record: Pick<UploadRecord, 'file'>;
  readonly scheduler: Pick<Scheduler, 'lanes'>;
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

  /** Computes until that signal from now on. */
  begin(signal: AbortSignal): void {
    this.#signal = signal;
    this.#pending.clear();
  }

  /** The value of a part, where it is known. */
  get(partNumber: number): string | undefined {
    return this.#values.get(partNumber);
  }

  /** Has a part read again before its value is believed. */
  forget(partNumber: number): void {
    this.#values.delete(partNumber);
    this.#pending.delete(partNumber);
  }

  /** Forgets all: it is another file. */
  clear(): void {
    this.#values.clear();
    this.#pending.clear();
  }

  /** @throws DOMException where the part cannot be read */
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

  /** Computes those of the parts in flight, and of some that come after them. */
  ahead(): void {
    // whoever needs it hears of what goes wrong
    for (const partNumber of this.#near()) void this.value(partNumber).catch(() => {});
  }

  /**
   * Waits until a part can be signed, and for a moment until others can be along with it: a call to the signer costs
   * more than a checksum.
   * @param isSigned leaves out those that need none
   * @throws DOMException where the part cannot be read
   */
  async gather(partNumber: number, isSigned: (partNumber: number) => boolean, signal: AbortSignal): Promise<void> {
    this.ahead();
    await unlessAborted(signal, this.value(partNumber));
    // at first no lane has anything to do
    const enough = this.#hasGathered ? BATCH : Math.min(this.#source.scheduler.lanes, BATCH);
    let cancel = (): void => {};
    let isLate = false;
    const late = new Promise<void>((resolve) => {
      cancel = this.#hasher.clock.setTimer(() => {
        isLate = true;
        resolve();
      }, LINGER);
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

  /** Gives the values of all parts in order. */
  async all(signal: AbortSignal): Promise<{ value: string; size: number }[]> {
    const { table } = this.#source;
    const parts = [];
    for (let partNumber = 1; partNumber <= table.plan.count; partNumber++) {
      parts.push({ value: await this.value(partNumber), size: table.sizeOf(partNumber) });
      signal.throwIfAborted();
    }
    return parts;
  }

  /** Parts in flight, and some that come after them. */
  *#near(): Generator<number> {
    const { table, scheduler } = this.#source;
    let room = table.inFlightCount + AHEAD * scheduler.lanes;
    for (const partNumber of table.missing()) {
      if (room-- <= 0) return;
      yield partNumber;
    }
  }
}
