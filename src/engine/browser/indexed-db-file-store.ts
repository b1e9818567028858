import type { Clock, FileStore, KeptFile } from '../ports.js';

/** Upper bound for all copies together. */
export const MAX_COPIES_BYTES = 64 * 1024 ** 2;
/** Copies take at most this share of the storage that the browser has left for the origin. */
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
 * otherwise. The database is not the journal's, so a file that is too large or refused never costs a journal record.
 *
 * Without Web Locks (plain `http:`) nothing is kept, because two tabs could both resume the same upload.
 */
export class IndexedDbFileStore implements FileStore {
  readonly #entries: LocalForage;
  readonly #clock: Clock;
  readonly #lifetime: number;
  readonly #estimate: Estimate;
  /** Bytes of each copy by upload ID; null until the first copy is to be saved. */
  #copies: Map<string, number> | null = null;
  #budget = 0;
  /** Kinds that this browser refused: WebKit's private windows store no files, and only Chromium stores handles. */
  readonly #refused = new Set<'file' | 'handle'>();
  /** Operations run one at a time, so that a removal never overtakes the write of the same file. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param lifetime milliseconds after which an entry is removed
   * @param estimate returns the origin's storage quota and usage in bytes
   */
  constructor(entries: LocalForage, clock: Clock, lifetime: number, estimate: Estimate = estimateStorage) {
    this.#entries = entries;
    this.#clock = clock;
    this.#lifetime = lifetime;
    this.#estimate = estimate;
  }

  /** @returns whether it was saved; a kind that the browser refused once is not tried again */
  save(id: string, scope: string, kept: KeptFile): Promise<boolean> {
    return this.#enqueue(async () => {
      const kind = 'file' in kept ? 'file' : 'handle';
      if (this.#refused.has(kind) || !globalThis.navigator?.locks) return false;
      if ('file' in kept && !(await this.#hasRoom(kept.file.size))) return false;
      try {
        await this.#entries.setItem(id, { scope, createdAt: this.#clock.now(), kept } satisfies Entry);
      } catch {
        this.#refused.add(kind);
        return false;
      }
      if ('file' in kept) this.#copies!.set(id, kept.file.size);
      return true;
    });
  }

  find(id: string): Promise<KeptFile | null> {
    return this.#enqueue(async () => (await this.#entries.getItem<Entry>(id))?.kept ?? null);
  }

  remove(id: string): Promise<void> {
    return this.#enqueue(() => this.#drop(id));
  }

  wipe(scope: string): Promise<void> {
    return this.#enqueue(() => this.#dropWhere((entry) => entry.scope === scope));
  }

  async #hasRoom(size: number): Promise<boolean> {
    this.#copies ??= await this.#countCopies();
    const used = [...this.#copies.values()].reduce((sum, bytes) => sum + bytes, 0);
    return used + size <= this.#budget;
  }

  /** Removes expired entries, measures the others, and sets the budget. */
  async #countCopies(): Promise<Map<string, number>> {
    const copies = new Map<string, number>();
    const now = this.#clock.now();
    await this.#dropWhere(({ createdAt }) => !(Math.abs(now - createdAt) < this.#lifetime));
    await this.#entries.iterate<Entry, void>((entry, id) => void copies.set(id, copiedBytes(entry)));
    const { quota = Infinity, usage = 0 } = (await this.#estimate()?.catch(() => undefined)) ?? {};
    this.#budget = Math.min(MAX_COPIES_BYTES, (quota - usage) * QUOTA_SHARE);
    return copies;
  }

  async #dropWhere(isUnwanted: (entry: Entry) => boolean): Promise<void> {
    const ids: string[] = [];
    await this.#entries.iterate<Entry, void>((entry, id) => void (isUnwanted(entry) && ids.push(id)));
    for (const id of ids) await this.#drop(id);
  }

  async #drop(id: string): Promise<void> {
    await this.#entries.removeItem(id);
    this.#copies?.delete(id);
  }

  /** Runs an operation after all earlier ones, whether or not these succeeded. */
  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}
