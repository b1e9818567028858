import localforage from 'localforage';
import type { Clock, Journal, JournalRecord } from '../ports.js';

/** Unfinished uploads can be resumed for one week. */
export const RECORD_LIFETIME_MS = 7 * 24 * 3_600_000;

/**
 * Version of the records. Version 1 identified files by their modification time as well; such records are removed. Newer
 * records, left by a later release that was rolled back, are kept until they expire.
 */
const RECORD_VERSION = 2;

const STRING_FIELDS = ['id', 'scope', 'fingerprint', 'name'] as const;

/** Decides whether a stored value is used, kept for a newer release, or removed. */
function classifyRecord(value: unknown, now: number): 'use' | 'keep' | 'remove' {
  const record = value as Partial<Record<keyof JournalRecord, unknown>> | null;
  // a time far in the future is not recent either: the device's clock was wrong
  const isRecent = Math.abs(now - Number(record?.createdAt)) < RECORD_LIFETIME_MS;
  if (typeof record?.version !== 'number' || !isRecent) return 'remove';
  if (record.version > RECORD_VERSION) return 'keep';
  const isValid =
    record.version === RECORD_VERSION
    && STRING_FIELDS.every((name) => typeof record[name] === 'string')
    && Number.isSafeInteger(record.size)
    && Array.isArray(record.actions);
  return isValid ? 'use' : 'remove';
}

/**
 * Returns an object store in its own database, which is opened on first use. Only IndexedDB is allowed: localforage would
 * fall back to localStorage, which loses the writes of the last seconds before a crash.
 */
export const openTable = (name: string, storeName: string): LocalForage =>
  localforage.createInstance({ name, storeName, driver: localforage.INDEXEDDB });

/** Whether the browser allows IndexedDB; without it, nothing has been stored. */
export function isStorageAllowed(): boolean {
  try {
    return Boolean(globalThis.indexedDB);
  } catch {
    return false;
  }
}

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
    const records: JournalRecord[] = [];
    const removedIds: string[] = [];
    await this.#records.iterate<unknown, void>((value, id) => {
      const action = classifyRecord(value, this.#clock.now());
      if (action === 'remove') removedIds.push(id);
      else if (action === 'use' && (value as JournalRecord).scope === scope) records.push(value as JournalRecord);
    });
    await Promise.all(removedIds.map((id) => this.#records.removeItem(id)));
    for (const id of removedIds) this.#onRemove(id);
    return records.sort((a, b) => a.createdAt - b.createdAt);
  }

  async save(record: JournalRecord): Promise<void> {
    await this.#records.setItem(record.id, record);
  }

  async remove(id: string): Promise<void> {
    await this.#records.removeItem(id);
  }

  async wipe(scope: string): Promise<void> {
    if (isStorageAllowed()) await Promise.all((await this.load(scope)).map(({ id }) => this.remove(id)));
  }
}
