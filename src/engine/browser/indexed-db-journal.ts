import localforage from 'localforage';
import type { Clock, Journal, JournalRecord } from '../ports.js';

/** Unfinished uploads are offered for one week. */
export const RECORD_LIFETIME_MS = 7 * 24 * 3_600_000;

/**
 * Version of the records. Version 1 identified files by their modification time as well; such records are removed. Newer
 * records, left by a later release that was rolled back, are kept until they expire.
 */
const VERSION = 2;

const STRING_FIELDS = ['id', 'scope', 'fingerprint', 'name'] as const;

/** Decides whether a value of the database is used, kept for a later release, or removed. */
function classifyRecord(value: unknown, now: number): 'use' | 'keep' | 'remove' {
  const record = value as Partial<Record<keyof JournalRecord, unknown>> | null;
  // a time in the future is checked too, because a clock may have been wrong
  const isRecent = Math.abs(now - Number(record?.createdAt)) < RECORD_LIFETIME_MS;
  if (typeof record?.version !== 'number' || !isRecent) return 'remove';
  if (record.version > VERSION) return 'keep';
  const isValid =
    record.version === VERSION
    && STRING_FIELDS.every((name) => typeof record[name] === 'string')
    && Number.isSafeInteger(record.size)
    && Array.isArray(record.actions);
  return isValid ? 'use' : 'remove';
}

/**
 * Opens an object store in its own database, on first use. Pinned to IndexedDB: localforage would fall back to
 * localStorage, which loses writes of the last seconds before a crash.
 */
export const openTable = (name: string, storeName: string): LocalForage =>
  localforage.createInstance({ name, storeName, driver: localforage.INDEXEDDB });

/** Keeps the journal in IndexedDB, one record per upload. */
export class IndexedDbJournal implements Journal {
  readonly #clock: Clock;
  readonly #onRemove: (id: string) => void;
  #table: LocalForage | null = null;

  /** @param onRemove called for each record that `load()` removes because it is too old or not valid */
  constructor(clock: Clock, onRemove: (id: string) => void = () => {}) {
    this.#clock = clock;
    this.#onRemove = onRemove;
  }

  /** Opened on first use, so that importing the engine touches no storage. */
  get #records(): LocalForage {
    return (this.#table ??= openTable('mule-upload', 'uploads'));
  }

  async load(scope: string): Promise<JournalRecord[]> {
    const found: JournalRecord[] = [];
    const removed: string[] = [];
    await this.#records.iterate<unknown, void>((value, id) => {
      const action = classifyRecord(value, this.#clock.now());
      if (action === 'remove') removed.push(id);
      else if (action === 'use' && (value as JournalRecord).scope === scope) found.push(value as JournalRecord);
    });
    await Promise.all(removed.map((id) => this.#records.removeItem(id)));
    for (const id of removed) this.#onRemove(id);
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
