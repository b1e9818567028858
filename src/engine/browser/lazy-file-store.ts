import { RECORD_LIFETIME_MS, isStorageAllowed, openTable } from './indexed-db-journal.js';
import type { Clock, FileStore, KeptFile } from '../ports.js';

const loadFileStore = async (clock: Clock): Promise<FileStore> => {
  const { IndexedDbFileStore } = await import('./indexed-db-file-store.js');
  return new IndexedDbFileStore(openTable('mule-upload-files', 'files'), clock, RECORD_LIFETIME_MS);
};

/** Loads the code of the file store in IndexedDB on the first call. */
export class LazyFileStore implements FileStore {
  readonly #clock: Clock;
  readonly #load: (clock: Clock) => Promise<FileStore>;
  #loading: Promise<FileStore> | null = null;
  #hasWarned = false;

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

  /** @throws if the files cannot be removed */
  async wipe(scope: string): Promise<void> {
    if (isStorageAllowed()) await (await this.#open()).wipe(scope);
  }

  /** @returns `fallback` if the code cannot be loaded or the browser refuses storage */
  #use<T>(operation: (store: FileStore) => Promise<T>, fallback: T): Promise<T> {
    return this.#open()
      .then(operation)
      .catch(() => fallback);
  }

  /** Loads the code; after a failure, the next call loads it again. */
  #open(): Promise<FileStore> {
    return (this.#loading ??= this.#load(this.#clock).catch((error: unknown) => {
      this.#loading = null;
      if (!this.#hasWarned) console.warn('mule-upload: code could not be loaded. No file is kept.', error);
      this.#hasWarned = true;
      throw error;
    }));
  }
}
