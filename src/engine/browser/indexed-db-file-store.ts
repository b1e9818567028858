import type { KeptFile, FileStore } from '../ports.js';

/** Bytes of all copies together. */
export const MAX_COPIES_BYTES = 64 * 1024 ** 2;
/** The part of what the browser would still give us that copies may take. */
const QUOTA_SHARE = 0.1;

interface Entry {
  scope: string;
  /** Epoch milliseconds. */
  createdAt: number;
  kept: KeptFile;
}

type Estimate = () => Promise<StorageEstimate> | undefined;

const browsersEstimate: Estimate = () => navigator.storage?.estimate?.();

const copiedBytes = ({ kept }: Entry): number => ('file' in kept ? kept.file.size : 0);

/**
 * Files of unfinished uploads in IndexedDB: handles where the browser has them, copies of small files. A database
 * beside the journal's, so that what is large or refused here never costs a record there.
 *
 * Without Web Locks (plain `http:`) nothing is kept: two tabs could not tell which of them goes on by itself.
 */
export class IndexedDbFileStore implements FileStore {
  readonly #entries: LocalForage;
  readonly #lifetime: number;
  readonly #estimate: Estimate;
  /** Bytes of copies by id; null until the first copy asks. */
  #copies: Map<string, number> | null = null;
  #budget = 0;
  /** Private sessions of WebKit take no files; handles are taken by Chromium alone. */
  readonly #refused = new Set<'file' | 'handle'>();
  /** One after the other, so that copies never crowd the disk, and a removal comes after what it removes. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param lifetime milliseconds after which a file is of no use any more
   * @param estimate tells what the browser gives us, and what of it is taken, in bytes
   */
  constructor(entries: LocalForage, lifetime: number, estimate: Estimate = browsersEstimate) {
    this.#entries = entries;
    this.#lifetime = lifetime;
    this.#estimate = estimate;
  }

  /** @returns whether it was kept; a browser that takes none of that kind is not asked again */
  save(id: string, scope: string, kept: KeptFile): Promise<boolean> {
    return this.#enqueue(async () => {
      const kind = 'file' in kept ? 'file' : 'handle';
      if (this.#refused.has(kind) || !globalThis.navigator?.locks) return false;
      if ('file' in kept && !(await this.#hasRoom(kept.file.size))) return false;
      try {
        await this.#entries.setItem(id, { scope, createdAt: Date.now(), kept } satisfies Entry);
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

  /** Counts what there is, and removes what no upload can want any more. */
  async #countCopies(): Promise<Map<string, number>> {
    const copies = new Map<string, number>();
    await this.#dropWhere(({ createdAt }) => !(Math.abs(Date.now() - createdAt) < this.#lifetime));
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

  /** Storage that is refused is as good as empty. */
  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}
