import { withTimeout } from '../util/abort.js';
import { DEFAULT_PART_SIZE } from '../../limits.js';
import type { ChecksumAlgorithm, InitAnswer } from '../../protocol.js';
import type { ChecksumTarget, UploadChecksums } from './upload-checksums.js';
import type { Settings } from '../api/options.js';
import type { EtagFormat } from './part-verifier.js';
import type { Clock, Hasher, Ports } from '../ports.js';
import type { UploadRecord } from '../model/upload-record.js';

/** Timeout for loading the checksum code; files are then sent without verification. */
const LOAD_TIMEOUT_MS = 10_000;
/** Best first. */
export const ALGORITHMS: readonly ChecksumAlgorithm[] = ['crc64nvme', 'crc32c', 'crc32', 'sha256'];
/** Maximum number of bytes that are hashed ahead for one call to the signer. */
const MAX_PRECOMPUTED_BYTES = 64 * 1024 ** 2;

/** The code that computes and verifies checksums, once it is loaded. */
export interface ChecksumKit {
  readonly hasher: Hasher;
  createChecks(target: ChecksumTarget, signal: AbortSignal): UploadChecksums;
}

/** The checksum state that all uploads share. The code that computes them is loaded when it is first needed. */
export class ChecksumService {
  readonly #load: Ports['loadHasher'];
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #etags = new Map<string, EtagFormat>();
  readonly #warned = new Set<string>();
  #kit: Promise<ChecksumKit | null> | null = null;
  /** Algorithm by which the signer signs whole files; null: none; undefined: not known yet. */
  #signed: ChecksumAlgorithm | null | undefined;

  constructor(load: Ports['loadHasher'], settings: Settings, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
    this.#settings = settings;
  }

  /** Whether the page wants checksums. */
  get isWanted(): boolean {
    return this.#settings.options.checksum !== 'none';
  }

  /** Loads what computes checksums; null if its code cannot be loaded, which is reported once. */
  loadKit(): Promise<ChecksumKit | null> {
    return (this.#kit ??= withTimeout(this.#clock, LOAD_TIMEOUT_MS, undefined, () => this.#loadAll()).catch(
      (error: unknown) => {
        this.#warn('the code for checksums could not be loaded: files are sent without verification', error);
        return null;
      },
    ));
  }

  async #loadAll(): Promise<ChecksumKit> {
    const [hasher, module] = await Promise.all([this.#load(), import('./upload-checksums.js')]);
    return { hasher, createChecks: (target, signal) => new module.UploadChecksums(target, hasher, signal) };
  }

  /** Returns the algorithms that the signer may choose from, best first. */
  async offers(): Promise<ChecksumAlgorithm[]> {
    const { checksum: wish } = this.#settings.options;
    if (wish === 'none' || !(await this.loadKit())) return [];
    return wish === 'auto' ? [...ALGORITHMS] : [wish];
  }

  /** Warns if the signer does not accept the page's algorithm, so that no file seems verified that is not. */
  reportAgreed(algorithm: ChecksumAlgorithm | undefined): void {
    const { checksum: wish } = this.#settings.options;
    if (wish === 'auto' || wish === 'none' || wish === algorithm) return;
    this.#warn(`the signer does not agree on "${wish}": what the store holds is compared by ETag where it is an MD5`);
  }

  /** Records whether the signer signs whole files with their checksums. */
  recordAnswer({ files }: InitAnswer): void {
    for (const file of files) {
      if ('put' in file) this.#signed = file.checksum?.algorithm ?? null;
      else if ('post' in file) this.#signed = null;
    }
  }

  /** Computes checksums of small files, so that the signer can include them in its first answer. */
  async precompute(
    records: readonly UploadRecord[],
    [first]: readonly ChecksumAlgorithm[],
    signal: AbortSignal,
  ): Promise<void> {
    const algorithm = this.#signed === undefined ? first : this.#signed;
    const kit = algorithm && (await this.loadKit());
    if (!kit) return;
    let room = MAX_PRECOMPUTED_BYTES;
    const small = records.filter(({ facts, session, file, checksum }) => {
      const isIt = facts.size <= DEFAULT_PART_SIZE && facts.size <= room && !session && file && !checksum;
      if (isIt) room -= facts.size;
      return isIt;
    });
    // a file that cannot be read fails when it is sent
    const compute = async (record: UploadRecord): Promise<void> => {
      const value = await kit.hasher.digest(algorithm, record.file!, signal).catch(() => null);
      if (value !== null) record.checksum = { algorithm, value };
    };
    await Promise.all(small.map(compute));
  }

  /** Returns the format of a store's ETags, as far as known. */
  etagFormatOf(origin: string): EtagFormat {
    const format = this.#etags.get(origin) ?? { areMd5s: false };
    this.#etags.set(origin, format);
    return format;
  }

  /** Terminates the worker while nothing is sent. */
  release(): void {
    void this.#kit?.then((kit) => kit?.hasher.release());
  }

  #warn(what: string, error?: unknown): void {
    if (this.#warned.has(what)) return;
    this.#warned.add(what);
    console.warn(`mule-upload: ${what}.`, ...(error === undefined ? [] : [error]));
  }
}
