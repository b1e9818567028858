import { unlessAborted } from '../util/abort.js';
import { DEFAULT_PART_SIZE } from '../../limits.js';
import type { ChecksumAlgorithm, InitAnswer } from '../../protocol.js';
import { ALGORITHMS } from '../api/checksum-algorithms.js';
import type { ChecksumKit } from './upload-checksums.js';
import type { ResolvedOptions } from '../api/options.js';
import type { EtagFormat } from './part-verifier.js';
import type { Ports } from '../ports.js';
import type { Upload } from '../uploads/upload.js';

/** Milliseconds after which code that does not arrive is gone on without. */
const LOAD_TIMEOUT_MS = 10_000;
/** Bytes that are read, for one call to the signer, before it is known whether that signs checksums of whole files. */
const MAX_PRECOMPUTED_BYTES = 64 * 1024 ** 2;

/** What all uploads share of the checks that no byte goes wrong. The code that computes is loaded when first needed. */
export class ChecksumService {
  readonly #load: Ports['loadHasher'];
  readonly #wish: () => ResolvedOptions['checksum'];
  readonly #etags = new Map<string, EtagFormat>();
  readonly #warned = new Set<string>();
  #kit: Promise<ChecksumKit | null> | null = null;
  /** By which algorithm this signer signs whole files; null: by none. */
  #signed: ChecksumAlgorithm | null | undefined;

  constructor(load: Ports['loadHasher'], wish: () => ResolvedOptions['checksum']) {
    this.#load = load;
    this.#wish = wish;
  }

  /** Whether the page wants any checks. */
  get isWanted(): boolean {
    return this.#wish() !== 'none';
  }

  /** What computes; null where its code cannot be had, which is said once. */
  loadHasher(): Promise<ChecksumKit | null> {
    return (this.#kit ??= unlessAborted(AbortSignal.timeout(LOAD_TIMEOUT_MS), this.#load()).catch((error: unknown) => {
      this.#warn('the code for checksums could not be loaded: files are sent unchecked', error);
      return null;
    }));
  }

  /** Algorithms that can be agreed on, best first. */
  async offers(): Promise<ChecksumAlgorithm[]> {
    const wish = this.#wish();
    if (wish === 'none' || !(await this.loadHasher())) return [];
    return wish === 'auto' ? [...ALGORITHMS] : [wish];
  }

  /** Takes in what was agreed on: nobody may believe in a check that is not made. */
  agreed(algorithm: ChecksumAlgorithm | undefined): void {
    const wish = this.#wish();
    if (wish === 'auto' || wish === 'none' || wish === algorithm) return;
    this.#warn(`the signer does not agree on "${wish}": what the store holds is compared by ETag where it is an MD5`);
  }

  /** Learns from the signer whether whole files are signed with their checksums. */
  learn({ files }: InitAnswer): void {
    for (const file of files) {
      if ('put' in file) this.#signed = file.checksum?.algorithm ?? null;
      else if ('post' in file) this.#signed = null;
    }
  }

  /** Computes checksums of small files that the signer is likely to sign along with its first answer. */
  async precompute(
    uploads: readonly Upload[],
    [first]: readonly ChecksumAlgorithm[],
    signal: AbortSignal,
  ): Promise<void> {
    const algorithm = this.#signed === undefined ? first : this.#signed;
    const kit = algorithm && (await this.loadHasher());
    if (!kit) return;
    let room = MAX_PRECOMPUTED_BYTES;
    const small = uploads.filter(({ facts, session, file, checksum }) => {
      const isIt = facts.size <= DEFAULT_PART_SIZE && facts.size <= room && !session && file && !checksum;
      if (isIt) room -= facts.size;
      return isIt;
    });
    // what cannot be read is met again by who sends it
    const compute = async (upload: Upload): Promise<void> => {
      const value = await kit.digest(algorithm, upload.file!, signal).catch(() => null);
      if (value !== null) upload.checksum = { algorithm, value };
    };
    await Promise.all(small.map(compute));
  }

  /** What is known of a store's ETags. */
  etagFormatOf(origin: string): EtagFormat {
    const lore = this.#etags.get(origin) ?? { areMd5s: false };
    this.#etags.set(origin, lore);
    return lore;
  }

  /** Ends what is not needed while nothing is sent. */
  release(): void {
    void this.#kit?.then((kit) => kit?.release());
  }

  #warn(what: string, error?: unknown): void {
    if (this.#warned.has(what)) return;
    this.#warned.add(what);
    console.warn(`mule-upload: ${what}.`, ...(error === undefined ? [] : [error]));
  }
}
