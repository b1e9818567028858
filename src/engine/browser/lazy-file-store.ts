import { RECORD_LIFETIME_MS, openTable } from './indexed-db-journal.js';
import type { Clock, FileStore, KeptFile } from '../ports.js';

const loadFileStore = async (clock: Clock): Promise<FileStore> => {
  const { IndexedDbFileStore } = await import('./indexed-db-file-store.js');
  return new IndexedDbFileStore(openTable('mule-upload-files', 'files'), clock, RECORD_LIFETIME_MS);
};

/** Loads the code of the file store in IndexedDB on the first call. */
export class LazyFileStore implements FileStore {
  readonly #clock: Clock;
  readonly #load: (clock: Clock) => Promise<FileStore>;
  #loading: Promise<FileStore | null> | null = null;

  constructor(clock: Clock, loadStore = loadFileStore) {
    this.#clock = clock;
    this.#load = loadStore;
  }

  save(id: string, scope: string, kept: KeptFile): Promise<boolean> {
    return this.#use((store) => store.save(id, scope, kept), false);
  }

  find(id: string): Promise<KeptFile | null> {
    return this.#use((store) => store.find(id), null);
  }

  remove(id: string): Promise<void> {
    return this.#use((store) => store.remove(id), undefined);
  }

  wipe(scope: string): Promise<void> {
    return this.#use((store) => store.wipe(scope), undefined);
  }

  /** @returns `fallback` if the code cannot be loaded or the browser refuses storage */
  async #use<T>(operation: (store: FileStore) => Promise<T>, fallback: T): Promise<T> {
    this.#loading ??= this.#load(this.#clock).catch((error: unknown) => {
      console.warn('mule-upload: code could not be loaded. No file is kept.', error);
      return null;
    });
    const store = await this.#loading;
    return store ? operation(store).catch(() => fallback) : fallback;
  }
}
