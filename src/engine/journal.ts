import localforage from 'localforage';
import type { Journal, JournalRecord } from './types.js';

/** Milliseconds after which an unfinished upload is not offered any more. */
const LIFETIME = 7 * 24 * 3_600_000;

/** Tells whether what lies in the database is a record that this version understands. */
const isRecord = (value: unknown): value is JournalRecord => (value as Partial<JournalRecord> | null)?.version === 1;

/**
 * The journal in IndexedDB, one record an upload. Pinned to that driver: localStorage, where localforage would turn
 * next, loses what was written seconds before a crash.
 */
export class IndexedDbJournal implements Journal {
  #table: LocalForage | null = null;

  /** Opened at first use, so that importing the engine touches no storage. */
  get #records(): LocalForage {
    return (this.#table ??= localforage.createInstance({
      name: 'mule-upload',
      storeName: 'uploads',
      driver: localforage.INDEXEDDB,
    }));
  }

  async load(scope: string): Promise<JournalRecord[]> {
    const found: JournalRecord[] = [];
    const stale: string[] = [];
    await this.#records.iterate<unknown, void>((value, id) => {
      if (!isRecord(value) || value.createdAt < Date.now() - LIFETIME) stale.push(id);
      else if (value.scope === scope) found.push(value);
    });
    await Promise.all(stale.map((id) => this.#records.removeItem(id)));
    return found.sort((a, b) => a.createdAt - b.createdAt);
  }

  async save(record: JournalRecord): Promise<void> {
    await this.#records.setItem(record.id, record);
  }

  async remove(id: string): Promise<void> {
    await this.#records.removeItem(id);
  }

  async wipe(scope: string): Promise<void> {
    await Promise.all((await this.load(scope)).map(({ id }) => this.remove(id)));
  }
}
