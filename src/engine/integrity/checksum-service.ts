import { withTimeout } from '../util/abort.js';
import { DEFAULT_PART_SIZE } from '../../limits.js';
import type { ChecksumAlgorithm, InitAnswer } from '../../protocol.js';
import { ALGORITHMS } from '../api/checksum-algorithms.js';
import type { ChecksumTarget, UploadChecksums } from './upload-checksums.js';
import type { Settings } from '../api/options.js';
import type { EtagFormat } from './part-verifier.js';
import type { Clock, Hasher, Ports } from '../ports.js';
import type { UploadRecord } from '../model/upload-record.js';

/** Timeout for loading the checksum code; files are then sent without verification. */
const LOAD_TIMEOUT_MS = 10_000;
/** Maximum bytes of the files whose checksums are computed before one call to the signer. */
const MAX_PRECOMPUTED_BYTES = 64 * 1024 ** 2;

/** The code that computes and verifies checksums, once it is loaded. */
export interface ChecksumKit {
  readonly hasher: Hasher;
  createChecks(target: ChecksumTarget, signal: AbortSignal): UploadChecksums;
}

/** The checksum state that all uploads share. The code that computes checksums is loaded when it is first needed. */
export class ChecksumService {
  readonly #loadHasher: Ports['loadHasher'];
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #etagFormats = new Map<string, EtagFormat>();
  readonly #givenWarnings = new Set<string>();
  #kit: Promise<ChecksumKit | null> | null = null;
  /** Algorithm of the checksums that the signer signs for whole files; null: it signs none; undefined: not known yet. */
  #signedAlgorithm: ChecksumAlgorithm | null | undefined;

  constructor(loadHasher: Ports['loadHasher'], settings: Settings, clock: Clock) {
    this.#loadHasher = loadHasher;
    this.#clock = clock;
    this.#settings = settings;
  }

  /** Whether the page wants checksums. */
  get isWanted(): boolean {
    return this.#settings.options.checksum !== 'none';
  }

  /** Loads the code that computes checksums; null if that fails, which is reported once. */
  loadKit(): Promise<ChecksumKit | null> {
    return (this.#kit ??= withTimeout(this.#clock, LOAD_TIMEOUT_MS, undefined, () => this.#loadKitCode()).catch(
      (error: unknown) => {
        this.#warn('code could not be loaded: files are sent without verification', error);
        return null;
      },
    ));
  }

  async #loadKitCode(): Promise<ChecksumKit> {
    const [hasher, module] = await Promise.all([this.#loadHasher(), import('./upload-checksums.js')]);
    return { hasher, createChecks: (target, signal) => new module.UploadChecksums(target, hasher, signal) };
  }

  /** Returns the algorithms that the signer may choose from, best first. */
  async offers(): Promise<ChecksumAlgorithm[]> {
    const { checksum: requested } = this.#settings.options;
    if (requested === 'none' || !(await this.loadKit())) return [];
    return requested === 'auto' ? [...ALGORITHMS] : [requested];
  }

  /** Warns if the signer does not accept the page's algorithm; otherwise unverified files would seem verified. */
  reportAgreed(algorithm: ChecksumAlgorithm | undefined): void {
    const { checksum: requested } = this.#settings.options;
    if (requested === 'auto' || requested === 'none' || requested === algorithm) return;
    this.#warn(`the signer does not agree on "${requested}": stored files are compared only by ETags that are MD5s`);
  }

  /** Records whether the signer signs whole files with their checksums. */
  recordAnswer({ files }: InitAnswer): void {
    for (const file of files) {
      if ('put' in file) this.#signedAlgorithm = file.checksum?.algorithm ?? null;
      else if ('post' in file) this.#signedAlgorithm = null;
    }
  }

  /** Computes checksums of small files, so that the signer can include them in its first answer. */
  async precompute(
    records: readonly UploadRecord[],
    [preferred]: readonly ChecksumAlgorithm[],
    signal: AbortSignal,
  ): Promise<void> {
    const algorithm = this.#signedAlgorithm === undefined ? preferred : this.#signedAlgorithm;
    const kit = algorithm && (await this.loadKit());
    if (!kit) return;
    let remainingBytes = MAX_PRECOMPUTED_BYTES;
    const smallRecords = records.filter(({ facts, session, file, checksum }) => {
      const isSmall = facts.size <= DEFAULT_PART_SIZE && facts.size <= remainingBytes && !session && file && !checksum;
      if (isSmall) remainingBytes -= facts.size;
      return isSmall;
    });
    // a file that cannot be read fails when it is sent
    const compute = async (record: UploadRecord): Promise<void> => {
      const value = await kit.hasher.digest(algorithm, record.file!, signal).catch(() => null);
      if (value !== null) record.checksum = { algorithm, value };
    };
    await Promise.all(smallRecords.map(compute));
  }

  /** Returns the format of a store's ETags that its answers have shown. */
  etagFormatOf(origin: string): EtagFormat {
    const format = this.#etagFormats.get(origin) ?? { areMd5s: false };
    this.#etagFormats.set(origin, format);
    return format;
  }

  /** Terminates the worker, because nothing is being sent. The next checksum starts another. */
  release(): void {
    void this.#kit?.then((kit) => kit?.hasher.release());
  }

  #warn(warning: string, error?: unknown): void {
    if (this.#givenWarnings.has(warning)) return;
    this.#givenWarnings.add(warning);
    console.warn(`mule-upload: ${warning}.`, ...(error === undefined ? [] : [error]));
  }
}
