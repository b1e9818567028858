import { RECORD_LIFETIME_MS, openTable } from './indexed-db-journal.js';
import type { KeptFile, FileStore } from '../ports.js';

// Handed over rather than imported there: what both sides import would become a third file that every visit fetches.
const load = async (): Promise<FileStore> => {
  const { IndexedDbFileStore } = await import('./indexed-db-file-store.js');
  return new IndexedDbFileStore(openTable('mule-upload-files', 'files'), RECORD_LIFETIME_MS);
};

/** The shelf in IndexedDB, whose code is fetched when the first file is put there or looked for. */
export class LazyFileStore implements FileStore {
  readonly #load: () => Promise<FileStore>;
  #loading: Promise<FileStore | null> | null = null;

  constructor(fetchShelf = load) {
    this.#load = fetchShelf;
  }

  save(id: string, scope: string, kept: KeptFile): Promise<boolean> {
    return this.#ask((shelf) => shelf.save(id, scope, kept), false);
  }

  find(id: string): Promise<KeptFile | null> {
    return this.#ask((shelf) => shelf.find(id), null);
  }

  remove(id: string): Promise<void> {
    return this.#ask((shelf) => shelf.remove(id), undefined);
  }

  wipe(scope: string): Promise<void> {
    return this.#ask((shelf) => shelf.wipe(scope), undefined);
  }

  /** A shelf that cannot be had, or whose storage is refused, is an empty one. */
  async #ask<T>(question: (shelf: FileStore) => Promise<T>, nothing: T): Promise<T> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      console.warn('mule-upload: no file is kept for the next visit, since a module could not be loaded.', error);
      return null;
    });
    const shelf = await this.#loading;
    return shelf ? question(shelf).catch(() => nothing) : nothing;
  }
}
