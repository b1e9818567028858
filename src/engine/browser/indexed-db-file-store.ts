import type { Clock, FileStore, KeptFile } from '../ports.js';

/** Maximum bytes of all copies together. */
export const MAX_COPIES_BYTES = 64 * 1024 ** 2;
/** Maximum share of the origin's unused quota that copies may take. */
const QUOTA_SHARE = 0.1;

interface Entry {
  scope: string;
  /** Epoch milliseconds. */
  createdAt: number;
  kept: KeptFile;
}

type Estimate = () => Promise<StorageEstimate> | undefined;

const estimateStorage: Estimate = () => navigator.storage?.estimate?.();

const copiedBytes = ({ kept }: Entry): number => ('file' in kept ? kept.file.size : 0);

/**
 * Keeps files of unfinished uploads in IndexedDB: file handles where the browser has them, copies of small files
 * otherwise. The database is not the journal's, so a file that is too large, or that the browser refuses, never
 * costs a journal record.
 *
 * Without Web Locks (plain `http:`) nothing is kept, because two tabs could both resume the same upload.
 */
export class IndexedDbFileStore implements FileStore {
  readonly #entries: LocalForage;
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #estimate: Estimate;
  /** Bytes of each copy by upload ID; null before the first copy is saved. */
  #copyBytesById: Map<string, number> | null = null;
  #budgetBytes = 0;
  /** Kinds that this browser refused: WebKit's private windows store no files, and only Chromium stores handles. */
  readonly #refusedKinds = new Set<'file' | 'handle'>();
  /** The last queued operation. They run one at a time, so that a removal never overtakes the write of the same file. */
  #lastOperation: Promise<unknown> = Promise.resolve();

  /**
   * @param lifetimeMs older entries are removed before the first copy is saved
   * @param estimate returns the origin's storage quota and usage in bytes
   */
  constructor(entries: LocalForage, clock: Clock, lifetimeMs: number, estimate: Estimate = estimateStorage) {
    this.#entries = entries;
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
    this.#estimate = estimate;
  }

  /** @returns whether it was saved; a kind that the browser refused once is not tried again */
  save(id: string, scope: string, kept: KeptFile): Promise<boolean> {
    return this.#enqueue(async () => {
      const kind = 'file' in kept ? 'file' : 'handle';
      if (this.#refusedKinds.has(kind) || !globalThis.navigator?.locks) return false;
      if ('file' in kept && !(await this.#hasRoom(kept.file.size))) return false;
      try {
        await this.#entries.setItem(id, { scope, createdAt: this.#clock.now(), kept } satisfies Entry);
      } catch {
        this.#refusedKinds.add(kind);
        return false;
      }
      if ('file' in kept) this.#copyBytesById!.set(id, kept.file.size);
      return true;
    });
  }

  find(id: string): Promise<KeptFile | null> {
    return this.#enqueue(async () => (await this.#entries.getItem<Entry>(id))?.kept ?? null);
  }

  remove(id: string): Promise<void> {
    return this.#enqueue(() => this.#removeEntry(id));
  }

  wipe(scope: string): Promise<void> {
    return this.#enqueue(() => this.#removeWhere((entry) => entry.scope === scope));
  }

  async #hasRoom(size: number): Promise<boolean> {
    this.#copyBytesById ??= await this.#measureCopies();
    const used = [...this.#copyBytesById.values()].reduce((sum, bytes) => sum + bytes, 0);
    return used + size <= this.#budgetBytes;
  }

  /** Removes expired entries, sets the budget, and returns the sizes of the remaining copies. */
  async #measureCopies(): Promise<Map<string, number>> {
    const copyBytesById = new Map<string, number>();
    const now = this.#clock.now();
    // also removes entries without a valid time, or with one far in the future
    await this.#removeWhere(({ createdAt }) => !(Math.abs(now - createdAt) < this.#lifetimeMs));
    await this.#entries.iterate<Entry, void>((entry, id) => void copyBytesById.set(id, copiedBytes(entry)));
    const { quota = Infinity, usage = 0 } = (await this.#estimate()?.catch(() => undefined)) ?? {};
    this.#budgetBytes = Math.min(MAX_COPIES_BYTES, (quota - usage) * QUOTA_SHARE);
    return copyBytesById;
  }

  async #removeWhere(isUnwanted: (entry: Entry) => boolean): Promise<void> {
    const ids: string[] = [];
    await this.#entries.iterate<Entry, void>((entry, id) => void (isUnwanted(entry) && ids.push(id)));
    for (const id of ids) await this.#removeEntry(id);
  }

  async #removeEntry(id: string): Promise<void> {
    await this.#entries.removeItem(id);
    this.#copyBytesById?.delete(id);
  }

  /** Runs an operation after all earlier ones have ended, even if they failed. */
  #enqueue<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#lastOperation.then(operation);
    this.#lastOperation = result.catch(() => {});
    return result;
  }
}
